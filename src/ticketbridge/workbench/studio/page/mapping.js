// The mapping's editor, the findings below it, and what lights up in its lines.

import {
  Compartment, Decoration, EditorSelection, EditorState, EditorView, GutterMarker, HighlightStyle, RangeSet, StateEffect,
  StateField, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap, defaultKeymap,
  drawSelection, foldGutter, foldKeymap, gutter, highlightActiveLine, highlightActiveLineGutter, highlightSelectionMatches,
  history, historyKeymap, hoverTooltip, indentOnInput, indentUnit, indentWithTab, keymap, lineNumbers, lintGutter, lintKeymap,
  searchKeymap, setDiagnostics, syntaxHighlighting, tags, yaml,
} from "./editor.js";
import { ask } from "./api.js";
import { counted, find, make, toast } from "./dom.js";
import { on, state, tell } from "./state.js";

const nonce = document.querySelector("meta[name=csp-nonce]").content;
let view = null;

// --- places: the server counts lines and characters from 1, the editor UTF-16 units ---------------

function offsetAt(line, column) {
  const doc = view.state.doc;
  const at = doc.line(Math.max(1, Math.min(line, doc.lines)));
  const units = [...at.text].slice(0, Math.max(0, column - 1)).join("").length;
  return at.from + Math.min(units, at.length);
}

const charactersTo = (offset) => [...view.state.sliceDoc(0, offset)].length;

function unitsAt(characters) {
  return [...view.state.doc.toString()].slice(0, characters).join("").length;
}

// --- what lights up -------------------------------------------------------------------------------

const setLit = StateEffect.define();
const litLines = StateField.define({
  create: () => Decoration.none,
  update(lines, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setLit)) {
        const doc = transaction.state.doc;
        const starts = [...new Set(effect.value)].filter((line) => line >= 1 && line <= doc.lines).sort((a, b) => a - b);
        return Decoration.set(starts.map((line) => Decoration.line({ class: "cm-lit" }).range(doc.line(line).from)));
      }
    }
    return lines.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

class GapMarker extends GutterMarker {
  constructor(gaps) { super(); this.gaps = gaps; }
  eq(other) { return other.gaps.map((g) => g.words).join() === this.gaps.map((g) => g.words).join(); }
  toDOM() {
    const mutant = this.gaps.some((gap) => gap.kind === "mutant");
    const words = this.gaps.map((gap) => (gap.kind === "mutant" ? `no case notices: ${gap.words}` : gap.words)).join("\n");
    return make("span", { className: mutant ? "gap mutant" : "gap", title: words }, mutant ? "✕" : "○");
  }
}

const setGaps = StateEffect.define();
const gapMarks = StateField.define({
  create: () => RangeSet.empty,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setGaps)) {
        const doc = transaction.state.doc;
        const lines = Map.groupBy(effect.value.filter((gap) => gap.line <= doc.lines), (gap) => gap.line);
        const sorted = [...lines].sort(([one], [other]) => one - other);
        return RangeSet.of(sorted.map(([line, gaps]) => new GapMarker(gaps).range(doc.line(line).from)));
      }
    }
    return marks.map(transaction.changes);
  },
});

// --- completion and hover: the server knows -------------------------------------------------------

async function complete(context) {
  const before = context.matchBefore(/[\w.$"@-]*/);
  if (!context.explicit && before.text === "") {
    const line = context.state.doc.lineAt(context.pos);
    if (line.text.slice(0, context.pos - line.from).trim() !== "") return null;
  }
  const text = context.state.doc.toString();
  const asked = { text, offset: [...text.slice(0, context.pos)].length };
  const found = await ask("complete", asked).catch(() => null);
  if (!found || !found.options.length) return null;
  const options = found.options.map((each) => ({
    label: each.label, type: each.kind, detail: each.detail, info: each.info || undefined, apply: each.apply || each.label,
    boost: each.detail === "needed" || each.kind === "variable" ? 1 : 0,
  }));
  return { from: context.pos - found.replaces, options, validFor: /^[\w@-]*$/ };
}

const hover = hoverTooltip(async (editor, position) => {
  const asked = { text: editor.state.doc.toString(), offset: charactersTo(position), personal: state.personal };
  const found = await ask("hover", asked).catch(() => null);
  if (!found) return null;
  const dom = make("div", { className: "hover" }, make("code", {}, found.title), make("p", {}, found.text));
  return { pos: unitsAt(found.start), end: unitsAt(found.end), create: () => ({ dom }) };
}, { hoverTime: 350 });

// --- looks ----------------------------------------------------------------------------------------

const looks = HighlightStyle.define([
  { tag: tags.comment, color: "var(--faint)", fontStyle: "italic" },
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--text-value)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
  { tag: [tags.meta, tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--faint)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: "var(--pane)", color: "var(--ink)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--pane)", color: "var(--faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--active)" },
  "&.cm-focused": { outline: "none" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selection)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "6px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionInfo": { maxWidth: "26rem" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--ink)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--active)", border: "none", color: "var(--faint)" },
});

const dark = new Compartment();

/** Make the editor with the file's text. */
export function openEditor(text) {
  const keys = [
    { key: "Mod-s", run: () => { tell("save"); return true; }, preventDefault: true },
    ...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap,
    ...defaultKeymap, indentWithTab,
  ];
  view = new EditorView({
    parent: find("editor"),
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(nonce), lineNumbers(), foldGutter(), gapMarks,
        gutter({ class: "cm-gaps", markers: (editor) => editor.state.field(gapMarks) }), lintGutter(),
        history(), drawSelection(), indentOnInput(), indentUnit.of("  "), bracketMatching(), closeBrackets(),
        autocompletion({ override: [complete], maxRenderedOptions: 60, icons: false }), hover, highlightActiveLine(), highlightActiveLineGutter(),
        highlightSelectionMatches(), yaml(), syntaxHighlighting(looks), theme, litLines, keymap.of(keys),
        dark.of(EditorView.darkTheme.of(false)), EditorView.contentAttributes.of({ "aria-label": "The mapping's text", spellcheck: "false", tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) { state.text = update.state.doc.toString(); tell("typed"); }
          if (update.selectionSet || update.docChanged) {
            tell("cursor", update.state.doc.lineAt(update.state.selection.main.head).number);
          }
        }),
      ],
    }),
  });
  state.text = view.state.doc.toString();
  // The list of problems below grows and shrinks while one types: the line stays in sight, and what is offered for it.
  new ResizeObserver(() => {
    const at = view.state.selection.main.head;
    if (view.hasFocus) view.dispatch({ effects: EditorView.scrollIntoView(at, { y: "nearest", yMargin: 30 }) });
  }).observe(view.dom);
}

export const setDark = (isDark) => view?.dispatch({ effects: dark.reconfigure(EditorView.darkTheme.of(isDark)) });

/** Put `text` in place of the present one: only what differs changes, and can be undone. */
export function writeText(text) {
  const old = view.state.doc.toString();
  let start = 0, oldEnd = old.length, end = text.length;
  while (start < oldEnd && start < end && old[start] === text[start]) start++;
  while (oldEnd > start && end > start && old[oldEnd - 1] === text[end - 1]) { oldEnd--; end--; }
  if (old === text) return;
  view.dispatch({
    changes: { from: start, to: oldEnd, insert: text.slice(start, end) },
    selection: EditorSelection.cursor(end),
    effects: EditorView.scrollIntoView(start, { y: "center" }),
    userEvent: "input",
  });
}

/** Go to a line, and to a column of it. */
export function goTo(line, column = 1) {
  const at = offsetAt(line, column);
  view.dispatch({ selection: EditorSelection.cursor(at), effects: EditorView.scrollIntoView(at, { y: "center" }) });
  view.focus();
}

/** Light up `lines`; the first comes into sight if `reveal`. */
export function lightLines(lines, reveal = false) {
  const effects = [setLit.of(lines)];
  if (reveal && lines.length) effects.push(EditorView.scrollIntoView(offsetAt(lines[0], 1), { y: "nearest", yMargin: 60 }));
  view.dispatch({ effects });
}

export const focusEditor = () => view.focus();

// --- findings -------------------------------------------------------------------------------------

/** Write a repair, which was made for the text `before`: it says nothing of another. */
function write(repair, before) {
  if (state.text !== before) return;
  writeText(repair.text);
  focusEditor();
}

/** A repair as a button: one click writes it. */
function repairButton(repair) {
  const before = state.text;
  return make("button", { type: "button", className: "repair", on: { click: () => write(repair, before) } }, repair.words);
}

/** Show the findings at their lines, and in the list below; `repairs` come a little later. */
function showFindings(repairs = []) {
  const at = new Map(repairs.map((repair) => [repair.number, repair]));
  const before = state.text;
  const diagnostics = state.findings.flatMap((finding, number) => {
    if (finding.file) return [];
    const from = offsetAt(finding.line, finding.column);
    const word = /^[^\s:,{}[\]()]+/.exec(view.state.sliceDoc(from, from + 80));
    const repair = at.get(number);
    return [{
      from, to: from + (word ? word[0].length : 0), severity: finding.severity, source: finding.code,
      message: finding.suggestion ? `${finding.message} (${finding.suggestion})` : finding.message,
      actions: repair ? [{ name: repair.words, apply: () => write(repair, before) }] : [],
    }];
  });
  const outcome = state.outcome;
  if (outcome?.reasonLine && !state.stale) {
    const from = offsetAt(outcome.reasonLine, 1);
    diagnostics.push({ from, to: view.state.doc.lineAt(from).to, severity: "error", source: outcome.problem, message: outcome.reason });
  }
  diagnostics.sort((one, other) => one.from - other.from);
  view.dispatch(setDiagnostics(view.state, diagnostics));
  const items = state.findings.map((finding, number) => describe(finding, at.get(number)));
  const ofData = repairs.find((repair) => repair.number < 0);
  if (outcome?.reasonLine && !state.stale) {
    items.unshift(describe({ line: outcome.reasonLine, column: 1, severity: "error", code: outcome.problem, message: outcome.reason, suggestion: "" }, ofData));
  }
  find("problems").replaceChildren(items.length ? make("ul", {}, ...items) : make("p", { className: "about" }, "No findings."));
  const errors = state.findings.filter((finding) => finding.severity === "error").length;
  find("mapping-about").textContent = `${counted(errors, "error")}, ${counted(state.findings.length - errors, "warning")}`;
}

function describe(finding, repair) {
  const jump = finding.file ? make("span", {}, `${finding.file}, line ${finding.line} `)
    : make("button", { type: "button", className: "place", on: { click: () => goTo(finding.line, finding.column) } }, `line ${finding.line}`);
  const words = finding.suggestion ? `${finding.message} (${finding.suggestion})` : finding.message;
  return make("li", { className: finding.severity }, jump, make("code", {}, finding.code), make("span", {}, ` ${words} `), repair ? repairButton(repair) : "");
}

async function lookForRepairs() {
  const outcome = state.stale ? null : state.outcome;
  if (!state.findings.length && !outcome?.reasonLine) return;
  const text = state.text;
  const repairs = await ask("repairs", { text, reason: outcome?.reason ?? "", line: outcome?.reasonLine ?? 0 }).catch(() => []);
  if (text === state.text) showFindings(repairs);
}

on("ran", () => { showFindings(); lookForRepairs(); });
on("typed", () => { for (const button of find("problems").querySelectorAll(".repair")) button.remove(); });
on("gaps", () => view.dispatch({ effects: setGaps.of(state.gaps) }));

/** Write the first repair at hand. */
export function repairFirst() {
  const button = find("problems").querySelector(".repair");
  if (button) button.click();
  else toast("No finding has a repair that is certain.");
}
