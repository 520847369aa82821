// Status words sorted into valid, not eligible and unknown: by dragging, or by the keys v, n and u.

import { ask } from "./api.js";
import { counted, find, make, toast } from "./dom.js";
import { writeText } from "./mapping.js";
import { on, state } from "./state.js";

const PLACES = { valid: "Valid", not: "Not eligible", unknown: "Unknown: fails the answer" };
const KEYS = { v: "valid", n: "not", u: "unknown" };
let tables = [];

const placeOf = (word) => (word.taken_for === "VALID" ? "valid" : word.taken_for ? "not" : "unknown");

async function move(table, word, place) {
  if (word.hidden || placeOf(word) === place) return;
  word.taken_for = { valid: "VALID", not: word.meaning, unknown: "" }[place];
  const words = Object.fromEntries(table.words.filter((each) => each.taken_for).map((each) => [each.word, each.taken_for]));
  draw();
  try {
    const { text } = await ask("set-words", { text: state.text, path: table.path, words });
    writeText(text);
  } catch (error) { toast(error.message, {}, true); load(); }
}

function drawWord(table, word) {
  return make("li", {}, make("button", {
    type: "button", className: "word", draggable: !word.hidden, data: { word: word.word },
    title: word.hidden ? "It looks personal: show the data to sort it" : "Drag it, or press v, n or u",
    on: {
      dragstart: (event) => event.dataTransfer.setData("text/plain", word.word),
      keydown: (event) => {
        const order = Object.keys(PLACES), at = order.indexOf(placeOf(word));
        const next = { ArrowLeft: order[at - 1], ArrowRight: order[at + 1] }[event.key] ?? KEYS[event.key];
        if (next) { move(table, word, next); event.preventDefault(); }
      },
    },
  }, make("b", {}, word.word), placeOf(word) === "not" ? make("span", { className: "about" }, ` as ${word.taken_for}`) : "",
  make("span", { className: "about" }, ` ${counted(word.count, "record")}`)));
}

function drawTable(table) {
  const columns = Object.entries(PLACES).map(([place, title]) => make("div", {
    className: `words ${place}`, data: { place },
    on: {
      dragover: (event) => event.preventDefault(),
      drop: (event) => {
        event.preventDefault();
        const word = table.words.find((each) => each.word === event.dataTransfer.getData("text/plain"));
        if (word) move(table, word, place);
      },
    },
  }, make("h3", {}, title), make("ul", {}, ...table.words.filter((word) => placeOf(word) === place).map((word) => drawWord(table, word)))));
  return make("section", {}, make("p", { className: "about" }, "Words of ", make("code", {}, table.expression),
    ". Drag a word, or press v (valid), n (not eligible) or u (unknown)."), make("div", { className: "columns" }, ...columns));
}

/** Draw the words anew; the one that has the focus keeps it. */
function draw() {
  const focused = document.activeElement?.dataset.word ?? "";
  const parts = tables.map(drawTable);
  find("words").replaceChildren(...(parts.length ? parts
    : [make("p", { className: "about" }, "The mapping reads no status yet: point a value to status.from first.")]));
  if (focused) find("words").querySelector(`[data-word="${CSS.escape(focused)}"]`)?.focus();
}

async function load() {
  if (state.run === null || state.stale) return;
  const { run, personal } = state;
  const found = await ask("words", { run, personal }).catch(() => []);
  if (run !== state.run || personal !== state.personal) return;
  tables = found;
  draw();
}

on("tab", (name) => { if (name === "words") load(); });
on("ran", () => { if (!find("words").closest("[data-tab-panel]").hidden) load(); });
