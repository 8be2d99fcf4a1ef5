// The newest changes. If a change arrives during a request, the answer may be older than the change, and must not
// revert it.

/** How long to keep changes, in ms: much longer than a request takes, also over a slow network. */
const KEPT_MS = 600_000;
/** Up to this many changes are kept without checking their age. */
const FEW = 1000;

export class RecentChanges {
    #number = 0;
    #byName = new Map();

    /** The current position. Take it before a request. */
    get mark() {
        return this.#number;
    }

    note(change) {
        this.#number += 1;
        this.#byName.delete(change.name);
        this.#byName.set(change.name, { number: this.#number, notedAt: Date.now(), change });
        if (this.#byName.size > FEW) this.#forget();
    }

    /** The last change of a breaker, if it arrived after `mark`. */
    since(mark, name) {
        const last = this.#byName.get(name);
        return last && last.number > mark ? last.change : null;
    }

    /** Drops old changes. The changes are in the order of their arrival. */
    #forget() {
        for (const [name, { notedAt }] of this.#byName) {
            if (Date.now() - notedAt < KEPT_MS) return;
            this.#byName.delete(name);
        }
    }
}
