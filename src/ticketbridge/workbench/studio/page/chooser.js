// Pointing: which field a value is for, and the best guesses for a field. Both write one expression.

import { ask } from "./api.js";
import { find, make, toast } from "./dom.js";
import { focusEditor, writeText } from "./mapping.js";
import { on, state } from "./state.js";

const dialog = find("chooser");

/** Write `choice` for `field`; the other `choices` are offered for a while. */
async function write(field, choice, choices) {
  const before = state.text;
  try {
    const { text } = await ask("choose", {
      text: before, run: state.run, field, expression: choice.expression, entry: choice.entry ?? [], split: choice.split ?? null, whole: choice.whole ?? "",
    });
    writeText(text);
  } catch (error) { toast(error.message, {}, true); return; }
  const others = choices.filter((each) => each !== choice).slice(0, 3).map((each) => [
    `${each.expression} (${each.why})`, () => { writeText(before); write(field, each, choices); },
  ]);
  const loop = choice.entry?.length ? `, and the loop ${choice.entry.join(", ")}` : "";
  toast(`${field}: ${choice.expression}${loop}`, { ...Object.fromEntries(others), Undo: () => writeText(before) });
}

// --- a list to choose from, by typing, arrows and Enter -------------------------------------------

/** Ask for one of `options` ({label, about, pick}); those that fit what is typed stay. */
function choose(title, options, placeholder, lead = "") {
  const input = make("input", { type: "text", id: "chooser-input", placeholder, autocomplete: "off", spellcheck: false, role: "combobox",
    aria: { label: placeholder, expanded: "true", controls: "chooser-list" } });
  const list = make("ul", { id: "chooser-list", role: "listbox", aria: { label: title } });
  let fitting = [], current = 0;
  const draw = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    fitting = options.filter((option) => words.every((word) => option.label.toLowerCase().includes(word)));
    const isExact = (option) => option.label.toLowerCase() === input.value.trim().toLowerCase();
    fitting.sort((one, other) => isExact(other) - isExact(one));
    current = Math.max(0, Math.min(current, fitting.length - 1));
    list.replaceChildren(...fitting.map((option, at) => make("li", {
      role: "option", id: `chooser-${at}`, aria: { selected: String(at === current) }, on: { click: () => pick(at) },
    }, make("code", {}, option.label), make("span", { className: "about" }, option.about ?? ""))));
    if (fitting.length) input.setAttribute("aria-activedescendant", `chooser-${current}`); else input.removeAttribute("aria-activedescendant");
    list.children[current]?.scrollIntoView({ block: "nearest" });
  };
  const pick = (at) => { dialog.close(); fitting[at]?.pick(); };
  input.addEventListener("input", () => { current = 0; draw(); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { current += event.key === "ArrowDown" ? 1 : -1; draw(); event.preventDefault(); }
    else if (event.key === "Enter") { pick(current); event.preventDefault(); }
    else if (/^[1-9]$/.test(event.key) && options.length <= 9 && Number(event.key) <= fitting.length) { pick(Number(event.key) - 1); event.preventDefault(); }
  });
  dialog.replaceChildren(make("h2", { id: "chooser-title" }, title), lead ? make("p", { className: "about" }, lead) : "", input, list);
  draw();
  dialog.showModal();
  input.focus();
}

on("point", ({ answer, row, key, shown }) => {
  if (state.stale || state.run === null) { toast("Mend the mapping first: there is no run to point in.", {}, true); return; }
  const mapped = new Set(state.outcome.mapped);
  const open = (field) => !mapped.has(field);
  const ordered = [...state.fields].sort((one, other) => open(other) - open(one));
  choose(`${key}: ${shown}`, ordered.map((field) => ({
    label: field, about: open(field) ? "not mapped yet" : "",
    pick: async () => {
      const { choices } = await ask("point", { run: state.run, answer, row, record: state.record, field }).catch((error) => ({ choices: [], why: error.message }));
      if (choices.length) await write(field, choices[0], choices);
      else toast("No record is bound to what stands around this value: give `source` a call for this answer first.", {}, true);
    },
  })), "For which field?");
});

on("guess", async (field) => {
  if (state.stale || state.run === null) return;
  const { now, guesses } = await ask("guesses", { run: state.run, field }).catch(() => ({ now: "", guesses: [] }));
  const options = guesses.map((guess, at) => ({
    label: guess.text, about: `${at + 1}. ${guess.sure}: ${guess.why}`,
    pick: () => write(field, { expression: guess.text, why: guess.why }, guesses.map((g) => ({ expression: g.text, why: g.why }))),
  }));
  const lead = now ? `It is made by ${now}.` : "Nothing is written for it yet.";
  if (options.length) choose(`${field}: the best guesses`, options, "1, 2, 3 or Enter", lead);
  else toast(`No guess for ${field}: click a value of the answer, and choose this field.`);
});

dialog.addEventListener("close", () => { if (document.activeElement === document.body) focusEditor(); });
