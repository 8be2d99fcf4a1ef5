// Keeps rows in place while the pointer or the focus is among them.

/** How long rows stay after the pointer has left, in ms: it may be moving to the button that reorders them. */
const RELEASE_MS = 600;

export class RowHold {
    isOn = false;
    #isOver = false;
    #release = null;

    /**
     * @param {HTMLElement} node the element that contains the rows
     * @param {() => void} onEnd
     */
    constructor(node, onEnd) {
        this.node = node;
        this.onEnd = onEnd;
        // On a touch screen, the pointer is over a row as long as the finger touches it.
        node.addEventListener("pointerenter", () => this.#point(true));
        node.addEventListener("pointerleave", () => this.#point(false));
        node.addEventListener("focusin", () => this.#update());
        // The next element gets the focus only after this event.
        node.addEventListener("focusout", () => setTimeout(() => this.#update()));
    }

    stop() {
        clearTimeout(this.#release);
    }

    /** Releases the rows at once, because they are not visible. */
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
