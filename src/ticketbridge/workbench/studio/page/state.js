// What the parts of the page share: the state, and who wants to hear of its changes.

export const state = {
  text: "", run: null, outcome: null, findings: [], stale: false,
  answers: [], answer: 0, record: null, recordView: null,
  personal: false, source: { kind: "samples", name: "" },
  fields: [], functions: [], cases: [], gaps: [],
};

const listeners = new Map();

/** Call `listener` whenever `event` is told. */
export function on(event, listener) {
  listeners.set(event, [...(listeners.get(event) ?? []), listener]);
}

/** Tell all who listen that `event` has happened. */
export function tell(event, ...about) {
  for (const listener of listeners.get(event) ?? []) listener(...about);
}
