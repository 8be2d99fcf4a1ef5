// The list's requests: its pages, the numbers that changes do not contain, and the breakers that changed.

import { ask, pathOf } from "./api.js";
import { Panel } from "./panel.js";
import { RecentChanges } from "./recent-changes.js";
import { whileSeen } from "./server-clock.js";

/** The number of breakers in the first request, and in each request for more. */
const FIRST = 100;
const MORE = 500;
/** How often to request the numbers that changes do not contain, in ms. */
const POLL_MS = 5_000;
/** How long to gather changes before requesting their breakers, in ms: at first, and while changes go on. */
const GATHER_MS = 200;
const GATHER_AGAIN_MS = 1_000;
/** Up to how many breakers are requested one by one. */
const FEW = 20;

export class ListRequests {
    /** The known breakers; `null` until the first answer. */
    panel = null;
    #filter = null;
    #recent = new RecentChanges();
    /** The token of each loaded page, and its requested size. */
    #pages = [];
    #next = "";
    #isLoadingMore = false;
    /** The number of requests in progress for the first page, and whether to request it once more. */
    #busy = 0;
    #isDue = false;
    /** Changes with each complete load, so that answers to earlier requests are ignored. */
    #era = 0;
    #wanted = new Set();
    #wantedTimer = null;
    #isStopped = false;

    /**
     * @param {object} shown the listeners
     * @param {() => void} shown.onLoad called when the panel was replaced
     * @param {() => void} shown.onMore called when there are more breakers below
     * @param {() => void} shown.onChange called when breakers have changed
     * @param {(counts: object|null) => void} shown.onCounts
     * @param {(text: string) => void} shown.onFault called when a request fails, and with "" when one succeeds again
     * @param {() => string|undefined} shown.lastInView returns the name of the last rendered row
     * @param {() => boolean} shown.isShown whether the page shows the list
     */
    constructor(shown) {
        this.shown = shown;
        this.endPoll = whileSeen(POLL_MS, () => {
            if (shown.isShown() && this.#busy === 0) this.refresh();
        });
    }

    stop() {
        this.#isStopped = true;
        this.#era += 1;
        this.endPoll();
        clearTimeout(this.#wantedTimer);
    }

    /** Whether the server has more breakers than are loaded. */
    get hasMore() {
        return this.#next !== "";
    }

    /** Loads the list from the start. */
    load(filter) {
        this.#filter = filter;
        return this.#whileBusy(() => this.#load());
    }

    async #load() {
        const era = this.#startEra();
        const mark = this.#recent.mark;
        const answer = await this.#ask(era, "", FIRST);
        if (answer === null) return;
        const before = this.panel;
        this.panel = new Panel(this.#filter);
        // Rates continue from the earlier values.
        for (const { name } of answer.breakers) {
            const breaker = before?.breakers.get(name);
            if (breaker) this.panel.breakers.set(name, breaker);
        }
        this.#pages = [{ token: "", size: FIRST }];
        this.#next = answer.next_page_token;
        this.#absorb(answer, mark, "");
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
        this.#absorb(answer, mark, this.#next);
        this.#next = answer.next_page_token;
        this.panel.append(answer.breakers.map((breaker) => breaker.name));
        this.shown.onMore();
    }

    /** Takes a change from the stream. */
    onChange(change) {
        if (change.type === "resync") {
            this.#resync(change.breakers);
            return;
        }
        this.#recent.note(change);
        // Note the change: the answer to a request in progress may be older than the change.
        if (this.panel === null || this.panel.apply(change)) this.#want(change.name);
        this.shown.onChange();
    }

    /** Takes the current breakers after missed changes. Positions in the earlier list may be of another history. */
    #resync(breakers) {
        this.panel?.resync(breakers);
        if (this.panel === null || this.panel.filter !== this.#filter) {
            // The first answer for this filter is on its way.
            this.refresh();
            return;
        }
        this.#startEra();
        this.#pages.length = 1;
        this.shown.onChange();
        this.#whileBusy(() => this.#refreshAll());
    }

    /** Ignores the answers to all earlier requests. */
    #startEra() {
        this.#isLoadingMore = false;
        this.#era += 1;
        return this.#era;
    }

    /** Returns `null` if the answer is outdated or the request failed. */
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

    #absorb(answer, mark, token) {
        const since = (name) => this.#recent.since(mark, name);
        this.panel.absorb(answer.breakers, Date.now(), since);
        const isWhole = token === "" && answer.next_page_token === "";
        if (isWhole) this.panel.retain(new Set(answer.breakers.map((breaker) => breaker.name)), since);
        this.shown.onCounts(answer.counts);
    }

    /** Requests the first page, which has the most urgent breakers, and the page in view again. */
    refresh() {
        if (this.#busy > 0) {
            this.#isDue = true;
            return;
        }
        // If nothing is loaded for the current filter, there is nothing to refresh.
        const isLoaded = this.panel?.filter === this.#filter;
        this.#whileBusy(() => (isLoaded ? this.#refresh() : this.#load()));
    }

    async #whileBusy(work) {
        this.#busy += 1;
        try {
            await work();
        } finally {
            this.#busy -= 1;
        }
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
            this.#absorb(answer, mark, token);
        }
        this.shown.onChange();
    }

    /** Requests all loaded pages again, because many breakers were added, and may be anywhere among them. */
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
            this.#absorb(answer, mark, token);
            token = answer.next_page_token;
            left -= MORE;
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

    /** Schedules a request for a breaker whose change contains less than a row shows. */
    #want(name) {
        this.#wanted.add(name);
        this.#wantedTimer ??= setTimeout(() => this.#askForWanted(), GATHER_MS);
    }

    async #askForWanted() {
        let pause = POLL_MS;
        if (this.panel !== null && this.shown.isShown()) {
            const names = [...this.#wanted];
            this.#wanted.clear();
            if (names.length > 0) await this.#askFor(names);
            pause = names.length > 0 ? GATHER_AGAIN_MS : 0;
        }
        // Breakers that change all the time cause one request at a time.
        this.#wantedTimer = pause > 0 && !this.#isStopped ? setTimeout(() => this.#askForWanted(), pause) : null;
    }

    async #askFor(names) {
        if (names.filter((name) => !this.panel.breakers.has(name)).length > FEW) {
            await this.#whileBusy(() => this.#refreshAll());
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
