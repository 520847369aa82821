// The page: what is run when, which answers it is run on, files, views and keys.

import { openAnswers } from "./answers.js";
import { Refused, ask } from "./api.js";
import "./box.js";
import "./cases.js";
import "./chooser.js";
import { debounce, find, make, say, toast } from "./dom.js";
import { focusEditor, goTo, openEditor, repairFirst, setDark, writeText } from "./mapping.js";
import { on, state, tell } from "./state.js";
import { openTickets, showTab } from "./tickets.js";
import "./words.js";

let running = null, savedText = "";

// --- a run ----------------------------------------------------------------------------------------

async function run() {
  running?.abort();
  running = new AbortController();
  find("work").classList.add("running");
  try {
    const { source, personal, text } = state;
    const answer = await ask("run", { text, source, personal }, running.signal);
    state.findings = answer.findings;
    state.stale = answer.run === null;
    if (!state.stale) { state.run = answer.run; state.outcome = answer.outcome; }
    tell("ran");
    if (state.stale) say(find("problem"), answer.why);
    find("begin").hidden = state.run !== null;
  } catch (error) {
    if (error.name === "AbortError") return;
    toast(error.message, {}, true);
  }
  find("work").classList.remove("running");
}

const runSoon = debounce(run, 160);
on("typed", () => { showDirty(); runSoon(); });
on("go", (line) => { showView("work"); goTo(line); });

// --- which answers --------------------------------------------------------------------------------

function drawSources(samples) {
  const options = state.cases.map((name) => make("option", { value: `case ${name}` }, `the case “${name}”`));
  options.push(make("option", { value: "samples ", disabled: !samples.length }, samples.length ? `pasted: ${samples.length}` : "pasted: none yet"));
  if (drawSources.fetched) options.push(make("option", { value: "fetched " }, "the platform, just now"));
  find("source").replaceChildren(...options);
  find("source").value = `${state.source.kind} ${state.source.name}`;
}

function chooseSource(kind, name = "") {
  state.source = { kind, name };
  state.record = null;
  find("source").value = `${kind} ${name}`;
  run();
}

find("source").addEventListener("change", () => {
  const [, kind, name] = /^(\w+) (.*)$/s.exec(find("source").value);
  chooseSource(kind, name);
});
on("show-case", (name) => { showView("work"); chooseSource("case", name); });
on("cases", () => drawSources(drawSources.samples));

for (const id of ["add-sample", "begin-sample"]) {
  find(id).addEventListener("click", () => { say(find("sample-problem"), ""); find("sample-dialog").showModal(); find("sample-target").focus(); });
}

async function takeSample() {
  const asked = { target: find("sample-target").value, content: find("sample-content").value, user: find("sample-user").value };
  const { samples } = await ask("sample", asked);
  drawSources.samples = samples;
  find("sample-content").value = "";
  drawSources(samples);
}

async function withProblem(id, work) {
  try { await work(); } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(find(id), error.message);
  }
}

find("sample-use").addEventListener("click", () => withProblem("sample-problem", async () => {
  await takeSample();
  find("sample-dialog").close();
  chooseSource("samples");
}));
find("sample-draft").addEventListener("click", () => withProblem("sample-problem", async () => {
  if (find("sample-content").value.trim()) await takeSample();
  const { text } = await ask("draft");
  find("sample-dialog").close();
  state.source = { kind: "samples", name: "" };
  state.record = null;
  drawSources(drawSources.samples);
  writeText(text);
  run();
}));
find("sample-forget").addEventListener("click", () => withProblem("sample-problem", async () => {
  drawSources.samples = (await ask("forget-samples")).samples;
  drawSources(drawSources.samples);
  say(find("sample-problem"), "They are forgotten.");
}));

find("fetch").addEventListener("click", () => { say(find("fetch-problem"), ""); find("fetch-dialog").showModal(); find("fetch-user").focus(); });
find("fetch-go").addEventListener("click", () => withProblem("fetch-problem", async () => {
  find("fetch-go").disabled = true;
  try { await ask("fetch", { text: state.text, user: find("fetch-user").value }); } finally { find("fetch-go").disabled = false; }
  find("fetch-dialog").close();
  drawSources.fetched = true;
  drawSources(drawSources.samples);
  chooseSource("fetched");
}));
for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
for (const form of document.querySelectorAll("dialog form")) form.addEventListener("submit", (event) => event.preventDefault());

// --- the file -------------------------------------------------------------------------------------

function showDirty() {
  const isDirty = state.text !== savedText;
  find("dirty").hidden = !isDirty;
  find("save").disabled = !isDirty;
}

async function save() {
  const text = state.text;
  try {
    const { saved } = await ask("save", { text });
    savedText = text;
    showDirty();
    toast(`${saved} is saved.`);
  } catch (error) { toast(error.message, {}, true); }
}

find("save").addEventListener("click", save);
on("save", save);
addEventListener("beforeunload", (event) => { if (state.text !== savedText) event.preventDefault(); });

// --- views, masks and looks -----------------------------------------------------------------------

function showView(name) {
  for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", button.dataset.view === name);
  for (const panel of document.querySelectorAll("[data-panel]")) panel.hidden = panel.dataset.panel !== name;
  tell("view", name);
  if (name === "sheet") showSheet();
}

async function showSheet() {
  say(find("sheet-problem"), "");
  try {
    await ask("sheet", { text: state.text });
    find("sheet-frame").src = `sheet?${Date.now()}`;
  } catch (error) { say(find("sheet-problem"), error.message); }
}

for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => showView(button.dataset.view));

find("personal").addEventListener("click", () => {
  state.personal = !state.personal;
  find("personal").setAttribute("aria-pressed", state.personal);
  find("personal").textContent = state.personal ? "Data shown" : "Data masked";
  run();
});

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
function showTheme() {
  const chosen = document.documentElement.dataset.theme;
  setDark(chosen ? chosen === "dark" : prefersDark.matches);
}
prefersDark.addEventListener("change", showTheme);
find("theme").addEventListener("click", () => {
  const isDark = (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
  showTheme();
});

// --- keys -----------------------------------------------------------------------------------------

const KEYS = [
  ["Ctrl+S", "save the mapping"], ["Alt+1, Alt+2, Alt+3", "to the answer, the mapping, the records"], ["Alt+E", "try an expression"],
  ["Alt+R", "write the first repair that is certain"], ["Alt+W", "sort the status words"], ["Alt+C", "the cases, or back"],
  ["Enter on a value", "point it to a field"], ["e on a value", "try its expression"], ["Arrows", "move; left and right fold"],
  ["1, 2, 3 in a list of guesses", "take that guess"], ["v, n, u on a status word", "valid, not eligible, unknown"],
  ["Ctrl+Space in the mapping", "what may stand here"], ["F8 in the mapping", "to the next finding"], ["?", "these keys"],
];

function showKeys() {
  const dialog = find("keys-dialog");
  dialog.replaceChildren(make("h2", { id: "keys-title" }, "Keys"), make("dl", {}, ...KEYS.flatMap(([key, words]) => [
    make("dt", {}, make("kbd", {}, key)), make("dd", {}, words)])),
    make("p", { className: "buttons" }, make("button", { type: "button", on: { click: () => dialog.close() } }, "Close")));
  dialog.showModal();
}
find("help").addEventListener("click", showKeys);

const BY_ALT = {
  Digit1: () => { showView("work"); find("tree").focus(); },
  Digit2: () => { showView("work"); focusEditor(); },
  Digit3: () => { showView("work"); showTab("records"); find("records").focus(); },
  KeyE: () => { showView("work"); find("expression").focus(); },
  KeyR: repairFirst,
  KeyW: () => { showView("work"); showTab("words"); },
  KeyC: () => showView(find("cases").hidden ? "cases" : "work"),
};
addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); save(); }
  else if (event.altKey && event.code in BY_ALT) { event.preventDefault(); BY_ALT[event.code](); }
  else if (event.key === "?" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && !event.target.isContentEditable) showKeys();
});

// --- start ----------------------------------------------------------------------------------------

async function start() {
  const begun = await ask("start");
  Object.assign(state, { fields: begun.fields, functions: begun.functions, cases: begun.cases });
  find("file-name").textContent = begun.mapping;
  document.title = `${begun.mapping}: studio`;
  find("keep-case").textContent = `Add it to ${begun.casesFile}`;
  find("sample-user").value = find("fetch-user").value = begun.user;
  if (begun.cases.length) state.source = { kind: "case", name: begun.cases[0] };
  drawSources.samples = begun.samples;
  drawSources(begun.samples);
  openAnswers();
  openTickets();
  openEditor(begun.text);
  savedText = begun.text;
  showTheme();
  showDirty();
  if (begun.casesProblem) toast(`The cases cannot be read: ${begun.casesProblem}`, {}, true);
  await run();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => toast(error.message, {}, true));
