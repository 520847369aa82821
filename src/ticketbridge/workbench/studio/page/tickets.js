// What menta tech gets: the verdicts with their counts, each record with its reasons, and the body.

import { ask } from "./api.js";
import { lightRows } from "./answers.js";
import { breakable, counted, debounce, find, make, say } from "./dom.js";
import { goTo, lightLines } from "./mapping.js";
import { on, state, tell } from "./state.js";
import { VirtualList } from "./virtual.js";

const CHUNK = 100;
const SIGNS = { returned: "✓", not_owner: "○", not_eligible: "–", unknown_status: "?", violation: "✕", duplicate: "=" };
let numbers = [];
let filter = "";
let lines = new Map();
let asked = new Set();
let list = null;
let notes = [];

export function openTickets() {
  list = new VirtualList(find("records"), {
    height: 26,
    draw: drawLine,
    activate: (index) => chooseRecord(numbers[index]),
    choose: (index) => chooseSoon(numbers[index]),
  });
  for (const button of document.querySelectorAll("[data-tab]")) {
    button.addEventListener("click", () => showTab(button.dataset.tab));
  }
}

export function showTab(name) {
  for (const button of document.querySelectorAll("[data-tab]")) button.setAttribute("aria-pressed", button.dataset.tab === name);
  for (const panel of document.querySelectorAll("[data-tab-panel]")) panel.hidden = panel.dataset.tabPanel !== name;
  tell("tab", name);
  if (name === "body") loadBody();
}

// --- counts that add up ---------------------------------------------------------------------------

function drawCounts() {
  const { verdicts, records } = state.outcome;
  const chip = (verdict, number, kind) => make("button", {
    type: "button", className: `chip ${kind}`, aria: { pressed: String(filter === verdict) },
    on: { click: () => { filter = filter === verdict ? "" : verdict; drawCounts(); fillList(); } },
  }, make("b", {}, number.toLocaleString("en")), ` ${verdict.replaceAll("_", " ").replace(":", ": ")}`);
  const parts = Object.entries(verdicts).flatMap(([verdict, number], at) => [
    make("span", { className: "sum", aria: { hidden: "true" } }, at ? "+" : "="), chip(verdict, number, verdict.split(":")[0]),
  ]);
  find("counts").replaceChildren(make("span", { className: "total" }, counted(records, "record")), ...parts);
}

function fillList() {
  const { kinds } = state.outcome;
  const kind = filter.split(":")[0];
  numbers = [...kinds.keys()].filter((number) => !filter || kinds[number] === kind);
  list.current = numbers.indexOf(state.record);
  find("records").style.setProperty("--rows", numbers.length);
  list.reset(numbers.length);
}

// --- records in lines, loaded as they come into sight ---------------------------------------------

function drawLine(index) {
  const number = numbers[index], line = lines.get(number), kind = state.outcome.kinds[number];
  if (!line) { asked.add(number); load(); }
  const row = make("div", { role: "option", className: `line ${kind}` },
    make("span", { className: "sign", aria: { hidden: "true" } }, SIGNS[kind] ?? "·"),
    make("span", { className: "number" }, `${number + 1}`));
  if (readers.has(number)) row.classList.add("lit");
  if (line) {
    if (filter && filter.includes(":") && line.verdict !== filter) row.classList.add("aside");
    row.append(make("span", { className: "id" }, line.ticketId || "(no id)"),
      make("span", { className: "verdict" }, line.verdict.replaceAll("_", " ").replace(":", ": ")),
      make("span", { className: "what" }, line.about));
  }
  return row;
}

const load = debounce(async () => {
  const rows = [...asked].slice(-4 * CHUNK), run = state.run;
  asked = new Set();
  const found = await ask("records", { run, personal: state.personal, rows }).catch(() => []);
  if (run !== state.run) return;
  for (const line of found) lines.set(line.number, line);
  list.render();
}, 10);

// --- one record -----------------------------------------------------------------------------------

export async function chooseRecord(number) {
  const run = state.run;
  state.record = number;
  const record = await ask("record", { run, record: number, personal: state.personal }).catch(() => null);
  if (!record || run !== state.run || state.record !== number) return;
  state.recordView = record;
  drawRecord(record);
  tell("record");
}

let chooseTimer = 0;
function chooseSoon(number) { clearTimeout(chooseTimer); chooseTimer = setTimeout(() => chooseRecord(number), 60); }

function drawRecord(record) {
  notes = record.notes;
  const rows = notes.map(drawNote);
  const missing = state.fields.filter((field) => !isMapped(field)).sort((one, other) => NEEDED.has(other) - NEEDED.has(one));
  const head = make("h3", { className: record.verdict.split(":")[0] },
    `Record ${record.number + 1}: ${record.verdict.replaceAll("_", " ").replace(":", ": ")}`);
  const table = make("table", {}, make("thead", {}, make("tr", {},
    ...["field", "goes out as", "made by"].map((words) => make("th", { scope: "col" }, words)))), make("tbody", {}, ...rows));
  const open = make("details", { className: "missing" }, make("summary", {}, `${counted(missing.length, "field")} not mapped`),
    ...missing.map((field) => make("button", { type: "button", className: NEEDED.has(field) ? "chip violation" : "chip", title: NEEDED.has(field) ? "needed" : "",
      on: { click: () => tell("guess", field) } }, field)));
  open.open = missing.some((field) => NEEDED.has(field));
  const children = [head, record.reason ? make("p", { className: "problem" }, record.reason) : "", rows.length ? table : "", open];
  const held = find("record").contains(document.activeElement) ? document.activeElement : null;
  const [name, kind] = [held?.closest("[data-note]")?.dataset.name, held?.className];
  find("record").replaceChildren(...children.filter(Boolean));
  if (name) find("record").querySelector(`[data-name="${CSS.escape(name)}"] .${kind}`)?.focus({ preventScroll: true });
}

const NEEDED = new Set(["owner", "status.from", "ticketId", "externalReferenceEventId", "showId", "ticketOptionId", "price", "currency"]);

function isMapped(field) {
  if (state.outcome.mapped.includes(field)) return true;
  return state.outcome.mapped.some((each) => each.startsWith(`${field}.`));
}

function drawNote(note, at) {
  const row = make("tr", {
    className: note.failure ? "failed" : "", data: { note: String(at), name: note.name },
    on: { pointerenter: () => light([note], true), pointerleave: () => light([]) },
  });
  const name = make("button", {
    type: "button", className: "name", title: "Other expressions for it (Enter)", on: { click: () => tell("guess", fieldOf(note)), focus: () => light([note], true) },
  }, ...breakable(note.name));
  const made = note.expression
    ? [make("button", { type: "button", className: "expression", title: `line ${note.line}`, on: { click: () => goTo(note.line, note.column), focus: () => light([note], true) } }, ...breakable(note.expression))]
    : ["(constant)"];
  const value = note.failure ? make("span", { className: "why" }, note.failure)
    : note.expression && note.value !== note.result && note.kind !== "field" ? make("span", { className: "value" }, ` gave ${note.value}`) : "";
  row.append(make("th", { scope: "row" }, name), make("td", { className: "result" }, note.failure ? "fails" : note.result), make("td", {}, ...made, value));
  return row;
}

const fieldOf = (note) => (note.kind === "status" ? "status.from" : note.kind === "condition" ? `not_eligible_when.${note.name}` : note.name);

// --- what lights up, both ways --------------------------------------------------------------------

function light(which, reveal = false) {
  lightLines(which.map((note) => note.line).filter(Boolean), reveal);
  lightRows(which.flatMap((note) => note.reads), reveal);
  mark(which);
}

function mark(which) {
  for (const row of find("record").querySelectorAll("[data-note]")) row.classList.toggle("lit", which.includes(notes[row.dataset.note]));
}

let pointed = null;
let readers = new Set();

/** Light up the records that read the value under the pointer, and where the mapping says so. */
const askReaders = debounce(async () => {
  const spot = pointed, run = state.run;
  if (!spot || run === null || state.stale) return;
  const found = await ask("readers", { run, answer: spot[0], row: spot[1] }).catch(() => []);
  if (spot !== pointed || run !== state.run) return;
  readers = new Set(found.map((reader) => reader.record));
  list.render();
  lightLines(found.map((reader) => Number(/:(\d+):\d+$/.exec(reader.place)?.[1])).filter(Boolean));
}, 120);

on("hover-row", (spot) => {
  pointed = spot;
  if (readers.size) { readers = new Set(); list.render(); }
  if (!spot) { mark([]); lightLines([]); return; }
  askReaders();
  const which = notes.filter((note) => note.reads.some(([answer, row]) => answer === spot[0] && row === spot[1]));
  mark(which);
  lightLines(which.map((note) => note.line).filter(Boolean));
});

on("cursor", (line) => {
  if (state.stale) return;
  const which = notes.filter((note) => note.line === line);
  mark(which);
  lightRows(which.flatMap((note) => note.reads), which.length > 0);
});

// --- outcome --------------------------------------------------------------------------------------

async function loadBody() {
  const { body } = await ask("body", { run: state.run, personal: state.personal }).catch((error) => ({ body: error.message }));
  find("body").textContent = body || "(no body)";
}

on("ran", () => {
  const outcome = state.outcome;
  find("tickets").classList.toggle("stale", state.stale);
  if (!outcome) return;
  const said = outcome.missing ? "The answer was not made: a call has no answer here." : outcome.problem ? `${outcome.problem}: ${outcome.detail}` : "";
  say(find("problem"), said);
  const ended = outcome.problem ? `${outcome.status} ${outcome.problem}` : outcome.missing ? "not answered" : `${outcome.status}`;
  find("tickets-about").textContent = state.stale ? "of the last mapping without errors" : ended;
  if (outcome.open.length && !state.stale) find("tickets-about").textContent = `${counted(outcome.open.length, "thing")} still TODO: nothing goes out`;
  if (state.stale) return;
  lines = new Map();
  const known = Object.keys(outcome.verdicts);
  if (filter && !known.includes(filter)) filter = "";
  drawCounts();
  const first = outcome.kinds.findIndex((kind) => kind === "violation" || kind === "unknown_status");
  if (state.record === null || state.record >= outcome.records) state.record = outcome.records ? Math.max(0, first) : null;
  fillList();
  if (state.record !== null) chooseRecord(state.record);
  else { state.recordView = null; notes = []; find("record").replaceChildren(make("p", { className: "about" }, "No record.")); }
  if (!find("body").closest("[data-tab-panel]").hidden) loadBody();
});
