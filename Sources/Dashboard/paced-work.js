// Work that runs at a bounded rate and one run after another, however often changes ask for it.

/** The least time between the beginnings of two runs, in ms. */
const PACE_MS = 1_000;

export class PacedWork {
    #isRunning = false;
    #isDue = false;
    #isStopped = false;

    /** @param {() => Promise<void>} work */
    constructor(work) {
        this.work = work;
    }

    stop() {
        this.#isStopped = true;
    }

    /** Runs the work at once, or once more after the present run. So an older answer never replaces a later one. */
    async run() {
        this.#isDue = true;
        if (this.#isRunning) return;
        this.#isRunning = true;
        while (this.#isDue && !this.#isStopped) {
            this.#isDue = false;
            const pause = new Promise((resolve) => setTimeout(resolve, PACE_MS));
            // A fault in one run does not prevent the next.
            await this.work().catch(reportError);
            await pause;
        }
        this.#isRunning = false;
    }
}
