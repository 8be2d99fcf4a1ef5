// The breakers that are known to the page, and the order in which they are shown. No element is touched here.

import { byAttention, byName } from "./attention.js";

export class Panel {
    /** By name. */
    breakers = new Map();
    /** The names, as they are shown. */
    order = [];

    /** @param {{state: string, override: string, q: string, sort: string}} filter as in the address of the page */
    constructor(filter) {
        this.filter = filter;
        this.sort = filter.sort === "name" ? byName : byAttention;
    }

    /**
     * Takes views as the server gave them.
     *
     * @param {object[]} views
     * @param {number} at when, in ms
     * @param {(name: string) => object|null} since gives the change that came while they were asked for
     */
    absorb(views, at, since) {
        for (const view of views) {
            const change = since(view.name);
            if (change?.type === "deleted") continue;
            const known = this.breakers.get(view.name);
            if (known && view.generation < known.generation) continue;
            const breaker = { ...known, ...view, isDeleted: false, ...deniedPerSecond(known, view, at) };
            if (change !== null && change.generation >= view.generation) Object.assign(breaker, standing(change));
            this.breakers.set(view.name, breaker);
        }
    }

    /**
     * Takes a change from the stream.
     *
     * @returns {boolean} whether more than the change tells has to be asked for
     */
    apply(change) {
        const known = this.breakers.get(change.name);
        if (change.type === "deleted") {
            if (known) known.isDeleted = true;
            return false;
        }
        if (!known) return true;
        Object.assign(known, standing(change), { isDeleted: false });
        if (change.transition) known.last_transition = { ...change.transition, at: change.at };
        return true;
    }

    /** Takes all breakers as they are, where changes were missed. What is not known yet is on a page that may come. */
    resync(breakers) {
        const names = new Set(breakers.map((breaker) => breaker.name));
        for (const [name, known] of this.breakers) known.isDeleted = !names.has(name);
        for (const breaker of breakers) {
            const known = this.breakers.get(breaker.name);
            if (known) Object.assign(known, standing(breaker));
        }
    }

    /** Puts names below what is there, so that nothing moves. */
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

    /** The order that would be right. */
    rightOrder() {
        const matching = [...this.breakers.values()].filter((breaker) => this.matches(breaker));
        return this.sort(matching).map((breaker) => breaker.name);
    }

    /** Shows them in the right order. */
    reorder() {
        for (const [name, breaker] of this.breakers) {
            if (breaker.isDeleted) this.breakers.delete(name);
        }
        this.order = this.rightOrder();
    }

    /** How many rows are not where they should be: those that would have to move, come or go. */
    get moved() {
        const right = this.rightOrder();
        const places = new Map(right.map((name, place) => [name, place]));
        const kept = this.order.filter((name) => places.has(name));
        const stay = longestRise(kept.map((name) => places.get(name)));
        return Math.max(right.length, this.order.length) - stay;
    }
}

/** What both a change and a view tell of a breaker. */
function standing({ state, generation, since, open_until, override }) {
    return { state, generation, since, open_until, override };
}

/** A rate is the difference between two looks. A restart of the server begins its counting anew. */
function deniedPerSecond(known, view, at) {
    const denied = view.decisions?.denied;
    if (denied === undefined) return {};
    const seconds = known?.lookedAt === undefined ? 0 : (at - known.lookedAt) / 1000;
    if (seconds <= 0) return { lookedAt: at, deniedBefore: denied };
    // Two looks close behind each other tell chance, not a rate.
    if (seconds < 1) return {};
    const difference = denied - known.deniedBefore;
    return {
        lookedAt: at,
        deniedBefore: denied,
        deniedPerSecond: difference < 0 ? null : difference / seconds,
    };
}

/** The length of the longest rising subsequence: how many rows may stay where they are. */
function longestRise(places) {
    const ends = [];
    for (const place of places) {
        let low = 0;
        let high = ends.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (ends[middle] < place) low = middle + 1;
            else high = middle;
        }
        ends[low] = place;
    }
    return ends.length;
}
