// Keeps elements only for the visible rows of a long table. All rows have the same height.

import { element } from "./dom.js";

/** The number of extra rows above and below the visible ones, for scrolling fast or with the keyboard. */
const MARGIN = 12;
const USUAL_HEIGHT = 56;

export class VisibleRows {
    /** The rows that have elements, by name. */
    rows = new Map();
    #names = [];
    #height = USUAL_HEIGHT;
    #isDue = false;

    /**
     * @param {HTMLElement} body the part of the table that holds rows
     * @param {(name: string) => {node: HTMLElement}} makeRow
     * @param {() => void} onEnd called when the last rows are near
     */
    constructor(body, makeRow, onEnd) {
        this.body = body;
        this.makeRow = makeRow;
        this.onEnd = onEnd;
        this.above = spacer();
        this.below = spacer();
        body.replaceChildren(this.above, this.below);
        this.listener = () => this.#schedule();
        addEventListener("scroll", this.listener, { passive: true });
        addEventListener("resize", this.listener, { passive: true });
    }

    stop() {
        removeEventListener("scroll", this.listener);
        removeEventListener("resize", this.listener);
    }

    show(names) {
        this.#names = names;
        this.#render();
    }

    /** Moves the focus by `step` rows. */
    moveFocus(step) {
        const name = this.#focused();
        const index = this.#names.indexOf(name) + step;
        const target = this.#names[index];
        if (name === undefined || target === undefined) return false;
        if (!this.rows.has(target)) {
            const middle = (index + 0.5) * this.#height - innerHeight / 2;
            scrollTo(0, scrollY + this.body.getBoundingClientRect().top + middle);
            this.#render();
        }
        this.rows.get(target)?.link.focus();
        return true;
    }

    /** The name of the row that has the focus. */
    #focused() {
        const row = document.activeElement?.closest("tr");
        return row && [...this.rows].find(([, other]) => other.node === row)?.[0];
    }

    #schedule() {
        if (this.#isDue) return;
        this.#isDue = true;
        requestAnimationFrame(() => {
            this.#isDue = false;
            this.#render();
        });
    }

    #render() {
        if (!this.body.isConnected) return;
        const total = this.#names.length;
        const above = -this.body.getBoundingClientRect().top;
        const first = Math.max(0, Math.min(total, Math.floor(above / this.#height) - MARGIN));
        const last = Math.max(first, Math.min(total, Math.ceil((above + innerHeight) / this.#height) + MARGIN));
        const indices = Array.from({ length: last - first }, (_, index) => first + index);
        // The row with the focus keeps its element, so that scrolling does not lose the focus.
        const focused = this.#names.indexOf(this.#focused());
        if (focused >= 0 && focused < first) indices.unshift(focused);
        if (focused >= last) indices.push(focused);
        this.#drop(new Set(indices.map((index) => this.#names[index])));
        let before = this.above;
        for (const index of indices) before = this.#put(this.#names[index], index, before);
        this.#measure();
        const kept = indices.length - (last - first);
        const rowsAbove = first - (focused < first ? kept : 0);
        this.above.firstChild.style.height = `${rowsAbove * this.#height}px`;
        this.below.firstChild.style.height = `${(total - rowsAbove - indices.length) * this.#height}px`;
        if (last >= total - MARGIN) this.onEnd();
    }

    #drop(names) {
        for (const [name, row] of this.rows) {
            if (names.has(name)) continue;
            row.node.remove();
            this.rows.delete(name);
        }
    }

    /** Puts a row after another. An element that is already in place is not moved, because it would lose the focus. */
    #put(name, index, before) {
        let row = this.rows.get(name);
        if (!row) {
            row = this.makeRow(name);
            this.rows.set(name, row);
        }
        // Row 1 is the header row.
        row.node.setAttribute("aria-rowindex", index + 2);
        if (before.nextSibling !== row.node) before.after(row.node);
        return row.node;
    }

    #measure() {
        const row = this.rows.values().next().value;
        const height = row?.node.getBoundingClientRect().height;
        if (height > 0) this.#height = height;
    }
}

function spacer() {
    return element("tr", { class: "spacer", "aria-hidden": "true" }, element("td", { colspan: 8 }));
}
