// The expression box: one expression tried on the chosen record, or on an answer of the platform.

import { ask } from "./api.js";
import { lightRows } from "./answers.js";
import { debounce, find, make } from "./dom.js";
import { on, state } from "./state.js";

const input = find("expression"), scope = find("box-scope"), result = find("box-result");

function chosen() {
  const [kind, number] = scope.value.split(" ");
  return kind === "answer" ? { answer: Number(number), record: null } : { record: state.record, answer: null };
}

async function evaluate() {
  if (!input.value.trim() || state.run === null) { result.textContent = ""; return; }
  const asked = { run: state.run, personal: state.personal, expression: input.value, ...chosen() };
  const tried = await ask("evaluate", asked).catch((error) => ({ error: error.message, roots: [], reads: [] }));
  if (tried.roots.length) find("box-roots").textContent = `It may start with: ${tried.roots.join(", ")}`;
  result.classList.toggle("problem", Boolean(tried.error));
  result.textContent = tried.error ? `${tried.column ? `${" ".repeat(tried.column - 1)}^\n` : ""}${tried.error}` : `${tried.value}\n(${tried.type})`;
  lightRows(tried.reads, tried.reads.length > 0);
}

const soon = debounce(evaluate, 120);
input.addEventListener("input", soon);
scope.addEventListener("change", evaluate);
find("box-form").addEventListener("submit", (event) => { event.preventDefault(); evaluate(); });

function drawScopes() {
  const before = scope.value;
  const records = state.record === null ? [] : [make("option", { value: "record" }, `record ${state.record + 1}`)];
  const answers = state.answers.map((answer, number) => make("option", { value: `answer ${number}` }, `answer ${number + 1}: ${answer.call}`));
  scope.replaceChildren(...records, ...answers);
  if ([...scope.options].some((option) => option.value === before)) scope.value = before;
}

on("answers", drawScopes);
on("record", () => { drawScopes(); if (input.value) evaluate(); });
on("try", ({ answer, path }) => { drawScopes(); scope.value = `answer ${answer}`; input.value = path; input.focus(); evaluate(); });

find("functions").addEventListener("click", () => {
  const dialog = find("keys-dialog");
  const items = state.functions.flatMap((each) => [
    make("dt", {}, make("code", {}, each.signature)),
    make("dd", {}, each.text, " ", make("button", { type: "button", className: "chip", on: { click: () => {
      dialog.close(); input.value = `${input.value}${each.name}(`; input.focus(); soon();
    } } }, `use ${each.name}`), make("span", { className: "about" }, ` for example ${each.example}`)),
  ]);
  dialog.replaceChildren(make("h2", { id: "keys-title" }, "Functions"), make("dl", { className: "functions" }, ...items),
    make("p", { className: "buttons" }, make("button", { type: "button", on: { click: () => dialog.close() } }, "Close")));
  dialog.showModal();
});
