// Rows stay where they are while the pointer or the focus is among them.

/** How long they stay behind the pointer, in ms: it may be on its way to the button that has them move. */
const RELEASE_MS = 600;

export class Hold {
    isOn = false;
    #isOver = false;
    #release = null;

    /**
     * @param {HTMLElement} node what the pointer or the focus is in
     * @param {() => void} onEnd
     */
    constructor(node, onEnd) {
        this.node = node;
        this.onEnd = onEnd;
        // A finger is over a row as long as it touches it.
        node.addEventListener("pointerenter", () => this.#point(true));
        node.addEventListener("pointerleave", () => this.#point(false));
        node.addEventListener("focusin", () => this.#update());
        // The next one has the focus only behind this event.
        node.addEventListener("focusout", () => setTimeout(() => this.#update()));
    }

    stop() {
        clearTimeout(this.#release);
    }

    /** Ends at once: the rows are not seen any more. */
    release() {
        clearTimeout(this.#release);
        this.#isOver = false;
        this.isOn = false;
    }

    #point(isOver) {
        this.#isOver = isOver;
        this.#update();
    }

    #update() {
        clearTimeout(this.#release);
        if (this.#isOver || this.node.contains(document.activeElement)) {
            this.isOn = true;
            return;
        }
        if (!this.isOn) return;
        this.#release = setTimeout(() => {
            this.isOn = false;
            this.onEnd();
        }, RELEASE_MS);
    }
}
