// What the list asks of the server: its pages, the numbers that no change tells, and breakers that changed.

import { ask, pathOf } from "./api.js";
import { whileSeen } from "./clock.js";
import { Panel } from "./panel.js";
import { RecentChanges } from "./recent.js";

/** How many breakers are asked for first, and at once when more are wanted. */
const FIRST = 100;
const MORE = 500;
/** How often numbers are asked for that no change tells, in ms. */
const POLL_MS = 5_000;
/** How long changes gather before their breakers are asked for, in ms; and up to how many are, one by one. */
const GATHER_MS = 200;
const FEW = 20;

export class Listing {
    /** What is known; `null` until the first answer. */
    panel = null;
    #filter = null;
    #recent = new RecentChanges();
    /** The token of each page that was loaded, and how many were asked for. */
    #pages = [];
    #next = "";
    #isLoadingMore = false;
    /** How much is under way that asks for the first page; and whether it has to be asked for once more. */
    #busy = 0;
    #isDue = false;
    /** Changes when all is loaded anew, so that what was asked before is not taken for the answer. */
    #era = 0;
    #wanted = new Set();
    #wantedTimer = null;

    /**
     * @param {object} shown what is told of
     * @param {() => void} shown.onLoad where the panel is another
     * @param {() => void} shown.onMore where there are more breakers below
     * @param {() => void} shown.onChange where breakers have changed
     * @param {(counts: object|null) => void} shown.onCounts
     * @param {(text: string) => void} shown.onFault where there is no answer, and with "" where there is one again
     * @param {() => string|undefined} shown.lastInView gives the name of the last row that is there
     * @param {() => boolean} shown.isShown whether the list is what the page shows
     */
    constructor(shown) {
        this.shown = shown;
        this.endPoll = whileSeen(POLL_MS, () => {
            if (shown.isShown() && this.#busy === 0) this.refresh();
        });
    }

    stop() {
        this.#era += 1;
        this.endPoll();
        clearTimeout(this.#wantedTimer);
    }

    /** Whether the server has more than is loaded. */
    get hasMore() {
        return this.#next !== "";
    }

    /** Loads all anew. */
    load(filter) {
        this.#filter = filter;
        return this.#whileBusy(() => this.#load());
    }

    async #load() {
        const era = ++this.#era;
        this.#isLoadingMore = false;
        const mark = this.#recent.mark;
        const answer = await this.#ask(era, "", FIRST);
        if (answer === null) return;
        const before = this.panel;
        this.panel = new Panel(this.#filter);
        // Rates go on from what was seen before.
        for (const { name } of answer.breakers) {
            const breaker = before?.breakers.get(name);
            if (breaker) this.panel.breakers.set(name, breaker);
        }
        this.#pages = [{ token: "", size: FIRST }];
        this.#next = answer.next_page_token;
        this.#absorb(answer, mark);
        this.shown.onLoad();
    }

    async loadMore() {
        if (this.#isLoadingMore || !this.#next) return;
        this.#isLoadingMore = true;
        const era = this.#era;
        const mark = this.#recent.mark;
        const answer = await this.#ask(era, this.#next, MORE);
        if (era !== this.#era) return;
        this.#isLoadingMore = false;
        if (answer === null) return;
        this.#pages.push({ token: this.#next, size: MORE });
        this.#next = answer.next_page_token;
        this.#absorb(answer, mark);
        this.panel.append(answer.breakers.map((breaker) => breaker.name));
        this.shown.onMore();
    }

    /** Takes what the stream tells. */
    onChange(change) {
        if (change.type === "resync") {
            this.panel?.resync(change.breakers);
            this.refresh();
            return;
        }
        this.#recent.note(change);
        // What is not loaded yet may be answered as it was before.
        if (this.panel === null || this.panel.apply(change)) this.#want(change.name);
        this.shown.onChange();
    }

    /** Returns `null` where the answer is not wanted any more, or there is none. */
    async #ask(era, token, size) {
        const { q, state, override, sort } = this.#filter;
        const query = {
            q, state, override, sort: sort || "attention", include: "history", page_size: size, page_token: token,
        };
        try {
            const { body } = await ask("GET", "v1/breakers", { query });
            this.shown.onFault("");
            return era === this.#era ? body : null;
        } catch (problem) {
            if (era === this.#era) this.shown.onFault(problem.message);
            return null;
        }
    }

    #absorb(answer, mark) {
        this.panel.absorb(answer.breakers, Date.now(), (name) => this.#recent.since(mark, name));
        this.shown.onCounts(answer.counts);
    }

    /** Asks again for the first page, where what needs attention is, and for the one that is looked at. */
    refresh() {
        if (this.#busy > 0) {
            this.#isDue = true;
            return;
        }
        // Where the first answer failed, or that to another filter, there is nothing that could be asked for again.
        const isLoaded = this.panel?.filter === this.#filter;
        this.#whileBusy(() => (isLoaded ? this.#refresh() : this.#load()));
    }

    async #whileBusy(work) {
        this.#busy += 1;
        await work();
        this.#busy -= 1;
        if (this.#busy > 0 || !this.#isDue) return;
        this.#isDue = false;
        this.refresh();
    }

    async #refresh() {
        const era = this.#era;
        for (const { token, size } of new Set([this.#pages[0], this.#pageInView() ?? this.#pages[0]])) {
            const mark = this.#recent.mark;
            const answer = await this.#ask(era, token, size);
            if (answer === null) return;
            if (this.#pages.length === 1) this.#next = answer.next_page_token;
            this.#absorb(answer, mark);
        }
        this.shown.onChange();
    }

    /** Asks again for all that is loaded: many breakers have come, and may be anywhere among them. */
    async #refreshAll() {
        const era = this.#era;
        const pages = [];
        let token = "";
        let left = this.panel.order.length;
        do {
            const mark = this.#recent.mark;
            const answer = await this.#ask(era, token, MORE);
            if (answer === null) return;
            pages.push({ token, size: MORE });
            token = answer.next_page_token;
            left -= MORE;
            this.#absorb(answer, mark);
        } while (token !== "" && left > 0);
        this.#pages = pages;
        this.#next = token;
        this.shown.onChange();
    }

    #pageInView() {
        let rest = this.panel.order.indexOf(this.shown.lastInView());
        return this.#pages.find((page) => {
            rest -= page.size;
            return rest < 0;
        });
    }

    /** Has a breaker asked for whose change says less than a row shows. */
    #want(name) {
        this.#wanted.add(name);
        this.#wantedTimer ??= setTimeout(() => this.#askForWanted(), GATHER_MS);
    }

    async #askForWanted() {
        this.#wantedTimer = null;
        if (this.panel === null || !this.shown.isShown()) {
            this.#wantedTimer = setTimeout(() => this.#askForWanted(), POLL_MS);
            return;
        }
        const names = [...this.#wanted];
        this.#wanted.clear();
        if (names.filter((name) => !this.panel.breakers.has(name)).length > FEW) {
            this.#whileBusy(() => this.#refreshAll());
        } else if (names.length > FEW) {
            this.refresh();
        } else {
            await this.#askForEach(names);
        }
    }

    async #askForEach(names) {
        const era = this.#era;
        const mark = this.#recent.mark;
        const answers = await Promise.allSettled(names.map((name) => ask("GET", pathOf(name))));
        if (era !== this.#era) return;
        const views = answers.filter((answer) => answer.status === "fulfilled").map((answer) => answer.value.body);
        this.panel.absorb(views, Date.now(), (name) => this.#recent.since(mark, name));
        this.shown.onChange();
        const query = { page_size: 1 };
        const { body } = await ask("GET", "v1/breakers", { query }).catch(() => ({ body: null }));
        if (body !== null) this.shown.onCounts(body.counts);
    }
}
