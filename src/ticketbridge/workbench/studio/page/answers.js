// The platform's answers: the flow, the calls as a waterfall, and the chosen answer as a tree.

import { ask } from "./api.js";
import { counted, find, make, say } from "./dom.js";
import { goTo } from "./mapping.js";
import { on, state, tell } from "./state.js";
import { VirtualList } from "./virtual.js";

const DEPTH = 0, KEY = 1, KIND = 2, TEXT = 3;
const ROW_HEIGHT = 22;
let shown = [];          // the rows of the answer that are not folded away
let folded = new Set();
let lit = new Map();     // answers: the rows that light up
let wanted = [[], false]; // what was to light up last: the answers may be loaded only after
let list = null;

const rows = () => state.answers[state.answer]?.rows ?? [];
const isContainer = (row) => row && (row[KIND] === "o" || row[KIND] === "a");

export function openAnswers() {
  list = new VirtualList(find("tree"), {
    height: ROW_HEIGHT,
    draw: drawRow,
    activate: (index, event) => activate(index, event),
    enter: (index) => tell("hover-row", index < 0 ? null : [state.answer, shown[index]]),
    choose: (index) => tell("hover-row", [state.answer, shown[index]]),
    key: foldByKey,
  });
}

function drawRow(index) {
  const number = shown[index], row = rows()[number];
  const element = make("div", { role: "treeitem", className: "row" });
  element.setAttribute("aria-level", row[DEPTH] + 1);
  element.style.paddingLeft = `${0.4 + row[DEPTH] * 1.05}em`;
  if (lit.get(state.answer)?.has(number)) element.classList.add("lit");
  if (row[KIND] === "t") { element.append(make("span", { className: "s" }, row[TEXT])); return element; }
  if (isContainer(row)) {
    element.setAttribute("aria-expanded", !folded.has(number));
    element.append(make("span", { className: "fold", aria: { hidden: "true" } }, folded.has(number) ? "▸" : "▾"));
  } else element.append(make("span", { className: "fold", aria: { hidden: "true" } }));
  if (row[KEY] !== "") element.append(make("span", { className: "key" }, row[KEY]), make("span", { className: "colon" }, ": "));
  element.append(value(row));
  return element;
}

function value(row) {
  const sizes = { o: ["{", "}"], a: ["[", "]"] };
  if (row[KIND] in sizes) {
    const [open, close] = sizes[row[KIND]];
    return make("span", { className: "size" }, `${open}${row[TEXT]}${close}`);
  }
  if (row[KIND] === "s") return make("span", { className: "s" }, row[TEXT] === "" ? "“”" : row[TEXT]);
  return make("span", { className: "v" }, row[TEXT]);
}

/** The rows that are not within a folded one. */
function unfold() {
  const all = rows();
  shown = [];
  for (let number = 0; number < all.length; number++) {
    shown.push(number);
    if (folded.has(number)) {
      const depth = all[number][DEPTH];
      while (number + 1 < all.length && all[number + 1][DEPTH] > depth) number++;
    }
  }
  list.reset(shown.length);
}

function toggle(number, fold) {
  if (fold) folded.add(number); else folded.delete(number);
  unfold();
}

function activate(index, event) {
  const number = shown[index], row = rows()[number];
  if (!row || row[KIND] === "t") return;
  if (isContainer(row)) toggle(number, !folded.has(number));
  else tell("point", { answer: state.answer, row: number, key: row[KEY], shown: row[TEXT], event });
}

function foldByKey(event, index) {
  const number = shown[index], row = rows()[number];
  if (!row) return false;
  if (event.key === "ArrowLeft" && isContainer(row) && !folded.has(number)) toggle(number, true);
  else if (event.key === "ArrowRight" && isContainer(row) && folded.has(number)) toggle(number, false);
  else if (event.key === "ArrowLeft") list.select(shown.indexOf(parentOf(number)));
  else if (event.key === "e") tell("try", { answer: state.answer, path: pathOf(number) });
  else return false;
  return true;
}

function parentOf(number) {
  const all = rows(), depth = all[number]?.[DEPTH] ?? 0;
  let at = number < all.length ? number : 0;
  while (at > 0 && all[at][DEPTH] >= depth) at--;
  return at;
}

/** The expression of a row of the answer, from `body` on. */
export function pathOf(number) {
  const all = rows(), steps = [];
  for (let at = number; at > 0; at = parentOf(at)) {
    const inList = all[parentOf(at)][KIND] === "a";
    steps.unshift(inList ? `[${all[at][KEY]}]` : /^[A-Za-z_]\w*$/.test(all[at][KEY]) ? `.${all[at][KEY]}` : `.${JSON.stringify(all[at][KEY])}`);
  }
  return `body${steps.join("")}`;
}

// --- calls and flow -------------------------------------------------------------------------------

function drawFlow() {
  const outcome = state.outcome;
  const steps = outcome.flow.map((step) => make("li", {}, make("button", {
    type: "button", title: `line ${step.line} of the mapping`, on: { click: () => goTo(step.line) },
  }, make("b", {}, step.name), ` ${step.kind} `, make("span", { className: "times" }, `×${step.bound}`),
    step.calls ? make("span", { className: "calls" }, `, ${counted(step.calls, "call")}`) : "")));
  const end = outcome.problem ? "a problem" : counted(outcome.verdicts.returned ?? 0, "ticket");
  find("flow").replaceChildren(
    make("li", {}, make("span", { className: "end" }, "user")), ...steps,
    make("li", {}, make("span", { className: "end" }, counted(outcome.records, "record"))),
    make("li", {}, make("span", { className: outcome.problem ? "end bad" : "end good" }, end)));
}

function drawWaterfall() {
  const calls = state.outcome.calls;
  const begin = Math.min(...calls.map((call) => call.startedMs));
  const whole = Math.max(1e-3, ...calls.map((call) => call.startedMs + call.tookMs - begin));
  const lines = calls.map((call, number) => {
    const bar = make("span", { className: call.failure ? "took bad" : "took" });
    bar.style.left = `${(100 * (call.startedMs - begin)) / whole}%`;
    bar.style.width = `${Math.max(1, (100 * call.tookMs) / whole)}%`;
    const status = call.failure ? "no answer" : `${call.status}`;
    return make("button", {
      type: "button", className: "call", aria: { pressed: String(number === state.answer) },
      title: `${call.method} ${call.path}: ${call.failure || `${call.status}, ${call.bytes} bytes, ${call.tookMs} ms`}`,
      on: { click: () => chooseAnswer(number) },
    }, make("b", {}, call.call), make("span", { className: "path" }, `${call.method} ${call.path}`),
    make("span", { className: call.status === 200 ? "status" : "status bad" }, status),
    make("span", { className: "lane", aria: { hidden: "true" } }, bar));
  });
  const left = state.outcome.left.map((each) => make("p", { className: "about" }, `never asked for: ${each}`));
  const missing = state.outcome.missing ? [make("p", { className: "problem" }, `No answer for this call: ${state.outcome.missing}`)] : [];
  find("waterfall").replaceChildren(...lines, ...missing, ...left);
}

export function chooseAnswer(number) {
  state.answer = number;
  folded = new Set();
  find("tree").scrollTop = 0;
  drawWaterfall();
  drawTree();
}

function drawTree() {
  const answer = state.answers[state.answer];
  say(find("answer-problem"), answer?.problem ?? "");
  unfold();
}

// --- what lights up -------------------------------------------------------------------------------

/** Light up `spots` (answer and row); the first comes into sight if `reveal`. */
export function lightRows(spots, reveal = false) {
  wanted = [spots, reveal];
  lit = new Map();
  for (const [answer, row] of spots) lit.set(answer, (lit.get(answer) ?? new Set()).add(row));
  if (reveal && spots.length) {
    if (!lit.has(state.answer) && state.answers[spots[0][0]]) chooseAnswer(spots[0][0]);
    const row = [...(lit.get(state.answer) ?? [])][0];
    if (row === undefined || row >= rows().length) return;  // of answers that are not loaded yet
    openTo(row);
    const index = shown.indexOf(row);
    if (index >= 0) list.reveal(index);
  }
  list.render();
}

function openTo(row) {
  let changed = false;
  for (let at = parentOf(row); ; at = parentOf(at)) {
    changed = folded.delete(at) || changed;
    if (at === 0) break;
  }
  if (changed) unfold();
}

async function loadAnswers() {
  const { run, personal, outcome } = state;
  const key = `${outcome.answersKey}|${personal}`;
  drawFlow();
  if (key !== loadAnswers.key) {
    find("answers-about").textContent = "reading the answers ...";
    const answers = await ask("answers", { run, personal }).catch(() => null);
    if (!answers || state.run !== run) return;
    loadAnswers.key = key;
    state.answers = answers;
    if (state.answer >= answers.length) state.answer = 0;
    const richest = answers.reduce((best, each, at) => (each.rows.length > answers[best].rows.length ? at : best), 0);
    if (loadAnswers.source !== outcome.answersKey) { state.answer = richest; folded = new Set(); }
    loadAnswers.source = outcome.answersKey;
    drawTree();
    lightRows(...wanted);
  }
  drawWaterfall();
  find("answers-about").textContent = counted(outcome.calls.length, "call");
  tell("answers");
}

on("ran", () => { if (state.outcome) loadAnswers(); });
