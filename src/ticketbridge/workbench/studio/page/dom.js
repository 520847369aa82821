// Elements, and what all parts of the page have in common. Text is always text: nothing here parses HTML.

export const find = (id) => document.getElementById(id);

/** An element with properties and children; `data` and `aria` are objects of attributes, `on` of listeners. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "aria") for (const [key, each] of Object.entries(value)) element.setAttribute(`aria-${key}`, each);
    else if (name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Waits until nothing has asked for `delay` milliseconds, then calls `work`. */
export function debounce(work, delay) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, delay); };
}

/** `text` in pieces, so that a long name or expression breaks where a reader would. */
export function breakable(text) {
  const pieces = text.split(/(?<=[.(,|])(?=\S)|(?<=[a-z])(?=[A-Z])/);
  return pieces.flatMap((piece, at) => (at ? [make("wbr"), piece] : [piece]));
}

let clearing = 0;

/** A short message; `actions` are buttons: words to what they do. */
export function toast(words, actions = {}, isProblem = false) {
  const buttons = Object.entries(actions).map(([label, act]) =>
    make("button", { type: "button", on: { click: () => { find("toast").replaceChildren(); act(); } } }, label));
  find("toast").replaceChildren(make("p", { className: isProblem ? "problem" : "" }, words, ...buttons));
  clearTimeout(clearing);
  clearing = setTimeout(() => find("toast").replaceChildren(), buttons.length ? 15000 : 6000);
}

/** Show `words` in the element, or hide it where there are none. */
export function say(element, words) {
  element.hidden = !words;
  element.textContent = words;
}

export const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
