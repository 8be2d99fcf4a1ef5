// The page of all breakers.

import { go, list as addressOf } from "./address.js";
import { ask, pathOf } from "./api.js";
import { announce, button, element, setText } from "./dom.js";
import { firstSteps } from "./curl.js";
import { Hold } from "./hold.js";
import { Panel } from "./panel.js";
import { Row, columns } from "./row.js";
import { RowWindow } from "./window.js";

/** How many breakers are asked for first, and at once when more are wanted. */
const FIRST = 100;
const MORE = 500;
/** How often numbers are asked for that no change tells, in ms. */
const POLL_MS = 5_000;
/** Up to so many changed breakers are asked for one by one. */
const FEW = 20;

export class ListPage {
    #onCounts;
    #panel = null;
    /** The token of each page that was loaded, and how many were asked for. */
    #pages = [];
    #next = "";
    #isLoading = false;
    /** Changes when all is loaded anew, so that what was asked before is not taken for the answer. */
    #era = 0;
    #wanted = new Set();
    #wantedTimer = null;
    #isSettling = false;
    #filter = null;

    constructor(filter, onCounts) {
        this.#onCounts = onCounts;
        this.#build();
        this.window = new RowWindow(this.body, (name) => this.#makeRow(name), () => this.#loadMore());
        this.setFilter(filter);
        this.poll = setInterval(() => this.#refresh(), POLL_MS);
    }

    stop() {
        this.#era += 1;
        clearInterval(this.poll);
        this.hold.stop();
        clearTimeout(this.#wantedTimer);
        this.window.stop();
        document.removeEventListener("keydown", this.shortcut);
    }

    setFilter(filter) {
        if (document.activeElement !== this.search) this.search.value = filter.q;
        this.sort.value = filter.sort;
        this.#filter = filter;
        this.reload();
    }

    /** Loads all anew, as at the beginning. */
    async reload() {
        const era = ++this.#era;
        this.#isLoading = false;
        const answer = await this.#ask(era, "", FIRST);
        if (answer === null) return;
        const before = this.#panel;
        this.#panel = new Panel(this.#filter);
        // Rates go on from what was seen before.
        for (const { name } of answer.breakers) {
            const breaker = before?.breakers.get(name);
            if (breaker) this.#panel.breakers.set(name, breaker);
        }
        this.#pages = [{ token: "", size: FIRST }];
        this.#next = answer.next_page_token;
        this.#absorb(answer);
        this.#panel.reorder();
        this.#show();
    }

    // What comes from the stream.

    onChange(change) {
        if (change.type === "resync") {
            this.reload();
            return;
        }
        // What is not loaded yet will have it.
        if (this.#panel === null) return;
        if (change.transition?.to === "open") announce(`${change.name} is open.`);
        if (this.#panel.apply(change)) this.#want(change.name);
        this.#settle();
    }

    tick() {
        for (const row of this.window.rows.values()) row.tick();
    }

    // What is asked of the server.

    /** Returns `null` where the answer is not wanted any more, or there is none. */
    async #ask(era, token, size) {
        const { q, state, override, sort } = this.#filter;
        const query = {
            q, state, override, sort: sort || "attention", include: "history", page_size: size, page_token: token,
        };
        try {
            const { body } = await ask("GET", "v1/breakers", { query });
            this.#tell("");
            return era === this.#era ? body : null;
        } catch (problem) {
            if (era === this.#era) this.#tell(problem.message);
            return null;
        }
    }

    #absorb(answer) {
        this.#panel.absorb(answer.breakers, Date.now());
        this.#panel.counts = answer.counts;
        this.#onCounts(answer.counts);
    }

    async #loadMore() {
        if (this.#isLoading || !this.#next) return;
        this.#isLoading = true;
        const era = this.#era;
        const answer = await this.#ask(era, this.#next, MORE);
        if (era !== this.#era) return;
        this.#isLoading = false;
        if (answer === null) return;
        this.#pages.push({ token: this.#next, size: MORE });
        this.#next = answer.next_page_token;
        this.#absorb(answer);
        const known = new Set(this.#panel.order);
        // Below what is there, so nothing moves.
        this.#panel.order.push(...answer.breakers.map((breaker) => breaker.name).filter((name) => !known.has(name)));
        this.#show();
    }

    /** Asks again for the first page, where what needs attention is, and for the one that is looked at. */
    async #refresh() {
        if (document.hidden) return;
        if (this.#panel === null) {
            await this.reload();
            return;
        }
        const era = this.#era;
        const first = await this.#ask(era, "", FIRST);
        if (first === null) return;
        if (this.#pages.length === 1) this.#next = first.next_page_token;
        this.#absorb(first);
        const page = this.#pageInView();
        if (page && page.token !== "") {
            const other = await this.#ask(era, page.token, page.size);
            if (other !== null) this.#absorb(other);
        }
        this.#settle();
    }

    #pageInView() {
        const name = [...this.window.rows.keys()].at(-1);
        let rest = this.#panel.order.indexOf(name);
        return this.#pages.find((page) => {
            rest -= page.size;
            return rest < 0;
        });
    }

    /** Has a breaker asked for whose change says less than a row shows. */
    #want(name) {
        this.#wanted.add(name);
        this.#wantedTimer ??= setTimeout(() => this.#askForWanted(), 200);
    }

    async #askForWanted() {
        const names = [...this.#wanted];
        this.#wanted.clear();
        this.#wantedTimer = null;
        const era = this.#era;
        if (names.length > FEW) {
            await this.#refresh();
            return;
        }
        const answers = await Promise.allSettled(names.map((name) => ask("GET", pathOf(name))));
        if (era !== this.#era) return;
        const views = answers.filter((answer) => answer.status === "fulfilled").map((answer) => answer.value.body);
        this.#panel.absorb(views, Date.now());
        this.#settle();
        const query = { page_size: 1 };
        const { body } = await ask("GET", "v1/breakers", { query }).catch(() => ({ body: null }));
        if (body !== null) this.#onCounts(body.counts);
    }

    // What is shown.

    #makeRow(name) {
        const row = new Row(name);
        row.show(this.#panel.breakers.get(name));
        return row;
    }

    /** Shows what has changed: at once in the rows, in their order as soon as nobody is about to hit one of them. */
    #settle() {
        if (this.#isSettling) return;
        this.#isSettling = true;
        requestAnimationFrame(() => {
            this.#isSettling = false;
            if (!this.hold.isOn) this.#panel.reorder();
            this.#show();
        });
    }

    #show() {
        const { order, breakers, filter } = this.#panel;
        for (const [name, row] of this.window.rows) {
            if (breakers.has(name)) row.show(breakers.get(name));
        }
        this.window.show(order);
        this.table.setAttribute("aria-rowcount", this.#next ? -1 : order.length + 1);
        this.#showMoved();
        this.table.hidden = order.length === 0;
        this.#showEmpty(order.length === 0, Boolean(filter.q || filter.state || filter.override));
        this.more.hidden = !this.#next;
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
            this.empty.replaceChildren(element("p", {}, "No breaker is like this. ", all));
        } else this.empty.replaceChildren();
    }

    #tell(text) {
        setText(this.fault, text);
        this.fault.hidden = text === "";
    }

    #build() {
        this.search = element("input", {
            type: "search", id: "search", placeholder: "part of a name", autocomplete: "off", spellcheck: "false",
            oninput: () => this.#filterBy({ q: this.search.value.trim() }),
        });
        this.sort = element(
            "select",
            { id: "sort", onchange: () => this.#filterBy({ sort: this.sort.value }) },
            element("option", { value: "" }, "Attention first"),
            element("option", { value: "name" }, "By name"),
        );
        this.fault = element("p", { class: "notice fault", role: "alert", hidden: true });
        this.moved = button("", () => this.#reorder(), { class: "moved", hidden: true });
        this.body = element("tbody", { role: "rowgroup" });
        const heads = columns.map((text, place) =>
            element("th", { scope: "col", role: "columnheader", class: `c${place}` }, text),
        );
        this.table = element(
            "table",
            {
                class: "breakers", role: "table", "aria-label": "Breakers", hidden: true,
                onkeydown: (event) => this.#onKey(event),
            },
            element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)),
            this.body,
        );
        this.more = button("Show more", () => this.#loadMore(), { class: "more", hidden: true });
        this.empty = element("div", { class: "empty" });
        const above = element("div", { class: "above" }, this.moved);
        this.held = element("div", { class: "list" }, above, this.table, this.more);
        this.hold = new Hold(this.held, () => this.#settle());
        this.node = element(
            "section",
            { "aria-label": "All breakers" },
            element("h1", { class: "unseen" }, "Breakers"),
            element(
                "form",
                { class: "tools", role: "search", onsubmit: (event) => event.preventDefault() },
                element("label", { for: "search" }, "Search"),
                this.search,
                element("label", { for: "sort" }, "Order"),
                this.sort,
            ),
            this.fault,
            this.empty,
            this.held,
        );
        this.shortcut = (event) => {
            if (event.key !== "/" || event.target.closest("input, textarea, select, dialog")) return;
            event.preventDefault();
            this.search.focus();
        };
        document.addEventListener("keydown", this.shortcut);
    }

    #filterBy(part) {
        clearTimeout(this.filterTimer);
        // Not for each letter.
        this.filterTimer = setTimeout(() => go(addressOf({ ...this.#filter, ...part }), true), 150);
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
}
