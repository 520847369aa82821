// A list of which only the rows in sight are elements, so that thousands of rows cost what a screen costs.

import { make } from "./dom.js";

const BEYOND = 8;

/**
 * `draw(index)` gives the element of a row, `activate(index, event)` is what a click or Enter does, `enter(index)` what
 * hovering does, `key(event, index)` sees further keys and says whether it took one.
 */
export class VirtualList {
  constructor(container, { height, draw, activate, enter = () => {}, choose = () => {}, key = () => false }) {
    Object.assign(this, { container, height, draw, activate, enter, choose, key, count: 0, current: -1 });
    this.space = make("div", { className: "virtual-space", role: "presentation" });
    container.replaceChildren(this.space);
    container.addEventListener("scroll", () => this.render());
    container.addEventListener("keydown", (event) => this.onKey(event));
    container.addEventListener("click", (event) => {
      const row = event.target.closest("[data-index]");
      if (row) { this.select(Number(row.dataset.index)); this.activate(this.current, event); }
    });
    container.addEventListener("pointerover", (event) => {
      const row = event.target.closest("[data-index]");
      this.enter(row ? Number(row.dataset.index) : -1);
    });
    container.addEventListener("pointerleave", () => this.enter(-1));
    new ResizeObserver(() => this.render()).observe(container);
  }

  /** Show `count` rows anew. */
  reset(count) {
    this.count = count;
    if (this.current >= count) this.current = count - 1;
    this.space.style.height = `${count * this.height}px`;
    this.render();
  }

  render() {
    const first = Math.max(0, Math.floor(this.container.scrollTop / this.height) - BEYOND);
    const seen = Math.ceil(this.container.clientHeight / this.height) + 2 * BEYOND;
    const rows = [];
    for (let index = first; index < Math.min(this.count, first + seen); index++) {
      const row = this.draw(index);
      row.dataset.index = index;
      row.id = `${this.container.id}-${index}`;
      row.style.transform = `translateY(${index * this.height}px)`;
      row.setAttribute("aria-setsize", this.count);
      row.setAttribute("aria-posinset", index + 1);
      row.setAttribute("aria-selected", index === this.current);
      rows.push(row);
    }
    this.space.replaceChildren(...rows);
    const active = this.current >= first && this.current < first + rows.length;
    if (active) this.container.setAttribute("aria-activedescendant", `${this.container.id}-${this.current}`);
    else this.container.removeAttribute("aria-activedescendant");
  }

  /** Make `index` the current row, and bring it into sight. */
  select(index) {
    if (!this.count) return;
    this.current = Math.max(0, Math.min(this.count - 1, index));
    this.reveal(this.current);
    this.render();
    this.choose(this.current);
  }

  reveal(index) {
    const top = index * this.height, view = this.container;
    if (top < view.scrollTop) view.scrollTop = Math.max(0, top - this.height);
    else if (top + this.height > view.scrollTop + view.clientHeight) view.scrollTop = top + 2 * this.height - view.clientHeight;
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.container.clientHeight / this.height) - 1);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.count, End: this.count };
    if (event.key in moves) this.select(this.current + moves[event.key]);
    else if (event.key === "Enter" && this.current >= 0) this.activate(this.current, event);
    else if (!this.key(event, this.current)) return;
    event.preventDefault();
  }
}
