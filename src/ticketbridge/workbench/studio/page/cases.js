// Cases: run with each change, their gaps on demand, and a new one of what is on screen.

import { ask } from "./api.js";
import { counted, debounce, find, make, say, toast } from "./dom.js";
import { on, state, tell } from "./state.js";

let showing = false;

async function runCases() {
  const text = state.text;
  const found = await ask("cases", { text, personal: state.personal }).catch((error) => ({ cases: [], findings: [{ message: error.message, line: 0 }] }));
  if (text !== state.text) return;
  const failed = found.cases.filter((each) => !each.passed).length;
  const badge = find("cases-badge");
  badge.className = found.findings.length || failed ? "bad" : "good";
  badge.textContent = found.findings.length ? "!" : found.cases.length ? (failed ? `${failed} ✕` : `${found.cases.length} ✓`) : "";
  find("cases-about").textContent = found.findings.length ? "not run" : `${counted(found.cases.length, "case")}, ${failed} failed`;
  find("case-list").replaceChildren(...found.findings.map((each) => make("p", { className: "problem" }, `${each.file ? `${each.file}, ` : ""}line ${each.line}: ${each.message}`)),
    ...found.cases.map(drawCase));
}

function drawCase(result) {
  const show = make("button", { type: "button", on: { click: () => tell("show-case", result.name) } }, "Show its answers");
  const lines = result.message.split("\n").filter(Boolean).map((line) => make("li", {}, ...diff(line)));
  return make("article", { className: result.passed ? "case passed" : "case failed" },
    make("h3", {}, make("span", { className: "sign", aria: { hidden: "true" } }, result.passed ? "✓" : "✕"),
      make("span", { className: "unseen" }, result.passed ? "passed: " : "failed: "), result.name), show, lines.length ? make("ul", { className: "diff" }, ...lines) : "");
}

/** A line with what was expected in one colour, and what came in another. */
function diff(line) {
  const found = /^(?<what>.*?)expected (?<due>.*), got (?<got>.*?)(?<why> \(.*\))?$/.exec(line);
  if (!found) return [line];
  const { what, due, got, why } = found.groups;
  return [`${what}expected `, make("del", {}, due), ", got ", make("ins", {}, got), make("span", { className: "about" }, why ?? "")];
}

const later = debounce(() => { if (state.cases.length) runCases(); }, 500);
on("ran", () => later());
on("cases", () => later());
on("view", (name) => { showing = name === "cases"; if (showing) runCases(); });

find("find-gaps").addEventListener("click", async () => {
  find("find-gaps").disabled = true;
  find("gaps").replaceChildren(make("p", { className: "about" }, "Trying each slip on all cases ..."));
  const text = state.text;
  const found = await ask("gaps", { text }).catch((error) => ({ gaps: [], reason: error.message, points: 0, met: 0, slips: 0, noticed: 0 }));
  find("find-gaps").disabled = false;
  state.gaps = text === state.text ? found.gaps : [];
  tell("gaps");
  const sums = `${found.met} of ${found.points} parts are exercised, ${found.noticed} of ${counted(found.slips, "slip")} noticed. Each gap is marked in the mapping's margin.`;
  find("gaps").replaceChildren(make("p", { className: found.reason ? "problem" : "about" }, found.reason || sums),
    make("ul", {}, ...found.gaps.map((gap) => make("li", {}, make("button", {
      type: "button", className: "place", on: { click: () => tell("go", gap.line) },
    }, `line ${gap.line}`), gap.kind === "mutant" ? ` no case notices: ${gap.words}` : ` ${gap.words}`))));
});

find("case-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = find("case-name").value.trim();
  if (!name || state.run === null || state.stale) { say(find("case-said"), name ? "There is no answer on screen." : "Give it a name."); return; }
  try {
    const { text } = await ask("make-case", { run: state.run, text: state.text, name });
    say(find("case-text"), text);
    say(find("case-said"), "Personal data in it is made up. It passes with the mapping as it stands here.");
    find("keep-case").hidden = false;
  } catch (error) { say(find("case-said"), error.message); }
});

find("keep-case").addEventListener("click", async () => {
  try {
    const { cases } = await ask("keep-case");
    state.cases = cases;
    tell("cases");
    say(find("case-text"), "");
    find("keep-case").hidden = true;
    say(find("case-said"), "It is added to the cases file.");
  } catch (error) { toast(error.message, {}, true); }
});
