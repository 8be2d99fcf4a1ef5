// The newest changes. An answer that was under way while a change came may be older than the change, and must not take
// it back.

/** For how long a change may be newer than an answer, in ms: no answer is waited for longer. */
const KEPT_MS = 60_000;
/** Up to so many are kept without a look at their age. */
const FEW = 1000;

export class RecentChanges {
    #number = 0;
    #byName = new Map();

    /** What has come until now; taken before something is asked. */
    get mark() {
        return this.#number;
    }

    note(change) {
        this.#number += 1;
        this.#byName.delete(change.name);
        this.#byName.set(change.name, { number: this.#number, notedAt: Date.now(), change });
        if (this.#byName.size > FEW) this.#forget();
    }

    /** The last change of a breaker, if it came behind `mark`. */
    since(mark, name) {
        const last = this.#byName.get(name);
        return last && last.number > mark ? last.change : null;
    }

    /** They are in the order in which they came. */
    #forget() {
        for (const [name, { notedAt }] of this.#byName) {
            if (Date.now() - notedAt < KEPT_MS) return;
            this.#byName.delete(name);
        }
    }
}
