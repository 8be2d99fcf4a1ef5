// The breakers that the page knows, and their order in the list. This file does not touch elements.

import { byAttention, byName } from "./list-order.js";

export class Panel {
    /** The breakers by name. */
    breakers = new Map();
    /** The names in the shown order. */
    order = [];

    /** @param {{state: string, override: string, q: string, sort: string}} filter the filter from the page's address */
    constructor(filter) {
        this.filter = filter;
        this.sort = filter.sort === "name" ? byName : byAttention;
    }

    /**
     * Takes views from the server.
     *
     * @param {object[]} views
     * @param {number} at the time of the answer, in ms
     * @param {(name: string) => object|null} since returns the change that arrived during the request
     */
    absorb(views, at, since) {
        for (const view of views) {
            const change = since(view.name);
            if (change?.type === "deleted") continue;
            const known = this.breakers.get(view.name);
            if (known && view.generation < known.generation) continue;
            const breaker = { ...known, ...view, isDeleted: false, ...deniedPerSecond(known, view, at) };
            if (change !== null && change.generation >= view.generation) Object.assign(breaker, summary(change));
            this.breakers.set(view.name, breaker);
        }
    }

    /**
     * Takes a change from the stream.
     *
     * @returns {boolean} whether to request the breaker, because the change does not contain enough
     */
    apply(change) {
        const known = this.breakers.get(change.name);
        if (change.type === "deleted") {
            if (known) known.isDeleted = true;
            return false;
        }
        if (!known) return true;
        Object.assign(known, summary(change), { isDeleted: false });
        if (change.transition) known.last_transition = { ...change.transition, at: change.at };
        if (change.state === "closed") known.not_closed_since = null;
        else if (change.transition?.from === "closed") known.not_closed_since = change.since;
        return true;
    }

    /** Takes the current breakers after missed changes. Unknown breakers may be on a page that is not loaded yet. */
    resync(breakers) {
        const names = new Set(breakers.map((breaker) => breaker.name));
        for (const [name, known] of this.breakers) known.isDeleted = !names.has(name);
        for (const breaker of breakers) {
            const known = this.breakers.get(breaker.name);
            if (known) Object.assign(known, summary(breaker));
        }
    }

    /**
     * Takes the names in an answer that has every breaker of the filter: the others are gone.
     *
     * @param {Set<string>} names
     * @param {(name: string) => object|null} since returns the change that arrived during the request
     */
    retain(names, since) {
        // Such an answer also omits existing breakers whose state or override is another.
        if (this.filter.state || this.filter.override) return;
        for (const [name, known] of this.breakers) {
            if (!names.has(name) && since(name) === null) known.isDeleted = true;
        }
    }

    /** Appends names below the others, so that no row moves. */
    append(names) {
        const known = new Set(this.order);
        this.order.push(...names.filter((name) => !known.has(name)));
    }

    matches(breaker) {
        const { state, override, q } = this.filter;
        if (breaker.isDeleted || (state && breaker.state !== state)) return false;
        if (override && (override === "none" ? breaker.override : !breaker.override)) return false;
        return !q || breaker.name.toLowerCase().includes(q.toLowerCase());
    }

    /** The correct order. */
    rightOrder() {
        const matching = [...this.breakers.values()].filter((breaker) => this.matches(breaker));
        return this.sort(matching).map((breaker) => breaker.name);
    }

    /** Puts the names into the correct order. */
    reorder() {
        for (const [name, breaker] of this.breakers) {
            if (breaker.isDeleted) this.breakers.delete(name);
        }
        this.order = this.rightOrder();
    }

    /** The number of rows that would have to be moved, added or removed. */
    get moved() {
        const right = this.rightOrder();
        const indices = new Map(right.map((name, index) => [name, index]));
        const kept = this.order.filter((name) => indices.has(name));
        const stay = longestRise(kept.map((name) => indices.get(name)));
        return Math.max(right.length, this.order.length) - stay;
    }
}

/** The members that both a change and a view contain. */
function summary({ state, generation, since, open_until, override }) {
    return { state, generation, since, open_until, override };
}

/** The rate of denials, from the difference between two views. The counts start again when the server restarts. */
function deniedPerSecond(known, view, at) {
    const denied = view.decisions?.denied;
    if (denied === undefined) return {};
    const seconds = known?.lookedAt === undefined ? 0 : (at - known.lookedAt) / 1000;
    if (seconds <= 0) return { lookedAt: at, deniedBefore: denied };
    // Two views that are close in time do not give a meaningful rate.
    if (seconds < 1) return {};
    const difference = denied - known.deniedBefore;
    return {
        lookedAt: at,
        deniedBefore: denied,
        deniedPerSecond: difference < 0 ? null : difference / seconds,
    };
}

/** The length of the longest rising subsequence, which is the number of rows that can stay in place. */
function longestRise(indices) {
    const ends = [];
    for (const index of indices) {
        let low = 0;
        let high = ends.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (ends[middle] < index) low = middle + 1;
            else high = middle;
        }
        ends[low] = index;
    }
    return ends.length;
}
