// The page of all breakers.

import { firstSteps } from "./curl-commands.js";
import { announce, button, element, setText } from "./dom.js";
import { ListRequests } from "./list-requests.js";
import { Row, columns } from "./list-row.js";
import { ListTools } from "./list-tools.js";
import { list as addressOf } from "./page-address.js";
import { RowHold } from "./row-hold.js";
import { VisibleRows } from "./visible-rows.js";

export class ListPage {
    #isSettling = false;
    #scrolledTo = 0;

    /**
     * @param {object} filter the filter from the address of the page
     * @param {(counts: object|null) => void} onCounts
     */
    constructor(filter, onCounts) {
        this.tools = new ListTools();
        this.#build();
        this.listing = new ListRequests({
            onLoad: () => {
                this.#panel.reorder();
                this.#show();
            },
            onMore: () => this.#show(),
            onChange: () => this.#settle(),
            onCounts,
            onFault: (text) => this.#showError(text),
            isShown: () => this.node.isConnected,
            lastInView: () => [...this.window.rows.keys()].at(-1),
        });
        this.window = new VisibleRows(this.body, (name) => this.#makeRow(name), () => this.listing.loadMore());
        this.setFilter(filter);
    }

    stop() {
        this.tools.stop();
        this.listing.stop();
        this.hold.stop();
        this.window.stop();
    }

    setFilter(filter) {
        this.tools.show(filter);
        if (this.filter && addressOf(filter) === addressOf(this.filter)) return;
        this.filter = filter;
        this.#scrolledTo = 0;
        this.listing.load(filter);
    }

    /** Called before another page replaces this one. */
    leave() {
        this.#scrolledTo = scrollY;
        this.tools.rest();
        this.hold.release();
    }

    /** Called after the page is back: restores its position. */
    enter() {
        if (this.#panel !== null) {
            this.#panel.reorder();
            this.#show();
            this.listing.refresh();
        }
        scrollTo(0, this.#scrolledTo);
    }

    onChange(change) {
        if (change.transition?.to === "open" && this.node.isConnected) announce(`${change.name} is open.`);
        this.listing.onChange(change);
    }

    tick() {
        if (!this.node.isConnected) return;
        for (const row of this.window.rows.values()) row.tick();
    }

    get #panel() {
        return this.listing.panel;
    }

    #makeRow(name) {
        const row = new Row(name);
        row.show(this.#panel.breakers.get(name));
        return row;
    }

    /** Shows changes: in the rows at once, in their order as soon as the user is not about to use one of them. */
    #settle() {
        if (this.#isSettling || !this.node.isConnected) return;
        this.#isSettling = true;
        requestAnimationFrame(() => {
            this.#isSettling = false;
            if (this.#panel === null) return;
            if (!this.hold.isOn) this.#panel.reorder();
            this.#show();
        });
    }

    #show() {
        if (!this.node.isConnected) return;
        const { order, breakers, filter } = this.#panel;
        for (const [name, row] of this.window.rows) {
            if (breakers.has(name)) row.show(breakers.get(name));
        }
        const { hasMore } = this.listing;
        // This comes first, because the visible part of the table determines the rows.
        this.table.hidden = order.length === 0;
        this.table.setAttribute("aria-rowcount", hasMore ? -1 : order.length + 1);
        this.window.show(order);
        this.#showMoved();
        this.#showEmpty(order.length === 0, Boolean(filter.q || filter.state || filter.override));
        this.more.hidden = !hasMore;
    }

    #showMoved() {
        const moved = this.hold.isOn ? this.#panel.moved : 0;
        this.moved.hidden = moved === 0;
        setText(this.moved, moved === 1 ? "1 row moved – reorder" : `${moved} rows moved – reorder`);
    }

    #showEmpty(isEmpty, isFiltered) {
        const kind = !isEmpty ? "" : isFiltered ? "filtered" : "none";
        if (this.empty.dataset.kind === kind) return;
        this.empty.dataset.kind = kind;
        if (kind === "none") this.empty.replaceChildren(firstSteps());
        else if (kind === "filtered") {
            const all = element("a", { href: "?", "data-link": true }, "Show all");
            this.empty.replaceChildren(element("p", {}, "No breakers match. ", all));
        } else this.empty.replaceChildren();
    }

    #showError(text) {
        setText(this.fault, text);
        this.fault.hidden = text === "";
    }

    #reorder() {
        this.#panel.reorder();
        this.#show();
        scrollTo({ top: 0 });
    }

    #onKey(event) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step && this.window.moveFocus(step)) event.preventDefault();
    }

    #build() {
        this.fault = element("p", { class: "notice fault", role: "alert", hidden: true });
        this.moved = button("", () => this.#reorder(), { class: "moved", hidden: true });
        this.body = element("tbody", { role: "rowgroup" });
        this.table = table(this.body, (event) => this.#onKey(event));
        this.more = button("Show more", () => this.listing.loadMore(), { class: "more", hidden: true });
        this.empty = element("div", { class: "empty" });
        const above = element("div", { class: "above" }, this.moved);
        this.held = element("div", { class: "list" }, above, this.table, this.more);
        this.hold = new RowHold(this.held, () => this.#settle());
        this.node = element(
            "section",
            { "aria-label": "All breakers" },
            element("h1", { class: "unseen" }, "Breakers"),
            this.tools.node,
            this.fault,
            this.empty,
            this.held,
        );
    }
}

/** The table, with explicit roles, because a style sheet that changes a table's layout removes its semantics. */
function table(body, onkeydown) {
    const heads = columns.map((text, index) =>
        element("th", { scope: "col", role: "columnheader", class: `c${index}` }, text),
    );
    return element(
        "table",
        { class: "breakers", role: "table", "aria-label": "Breakers", hidden: true, onkeydown },
        element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)),
        body,
    );
}
