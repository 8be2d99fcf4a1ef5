// A list of rows that the server sends page by page, newest first. Newer rows do not move the rows that a user reads.

import { ask } from "./api.js";
import { button, element, setText } from "./dom.js";
import { PacedWork } from "./paced-work.js";
import { RowHold } from "./row-hold.js";

export class PagedRows {
    #next = "";
    #isExpanded = false;
    /** The latest answer, which is not shown yet. */
    #waiting = null;

    /**
     * @param {object} options
     * @param {string} options.path
     * @param {object} [options.query] the parameters that select the rows
     * @param {string} options.member the member of the answer that holds the rows
     * @param {number} options.size the size of a page
     * @param {HTMLElement} options.container the element that holds the rows, and can have the focus
     * @param {(rows: object[], isFirst: boolean) => void} options.onRows shows rows instead of the others or below them
     * @param {(rows: object[], isWhole: boolean) => void} [options.onNewest] gets each first page, even if it is not
     *     shown, and whether it is the only page
     */
    constructor({ path, query = {}, member, size, container, onRows, onNewest = () => {} }) {
        Object.assign(this, { path, query, member, size, container, onRows, onNewest });
        this.requests = new PacedWork(() => this.#loadNewest());
        this.fault = element("span", { class: "fault", role: "alert" });
        this.more = button("Show earlier", () => this.#loadMore(), { hidden: true });
        this.node = element("p", { class: "more", hidden: true }, this.more, this.fault);
        /** The button that shows newer rows. */
        this.newer = button("Show newer", () => this.#showNewer(), { class: "quiet", hidden: true });
        this.hold = new RowHold(container, () => this.#isExpanded || this.#showWaiting());
    }

    stop() {
        this.hold.stop();
        this.requests.stop();
    }

    /** Requests the newest rows. The shown rows do not move while the user is among them or looks at earlier ones. */
    load() {
        this.requests.run();
    }

    async #loadNewest() {
        let body;
        try {
            body = await this.#ask("");
        } catch {
            // A later load tries again.
            return;
        }
        this.onNewest(body[this.member], !body.next_page_token);
        this.#waiting = body;
        if (this.hold.isOn || this.#isExpanded) this.newer.hidden = false;
        else this.#showWaiting();
    }

    async #loadMore() {
        try {
            const body = await this.#ask(this.#next);
            setText(this.fault, "");
            this.#isExpanded = true;
            this.#take(body);
            this.onRows(body[this.member], false);
        } catch (problem) {
            setText(this.fault, problem.message);
        }
    }

    #showNewer() {
        this.#showWaiting();
        this.container.focus({ preventScroll: true });
        this.container.scrollTop = 0;
    }

    #showWaiting() {
        if (this.#waiting === null) return;
        const body = this.#waiting;
        this.#waiting = null;
        this.#isExpanded = false;
        this.newer.hidden = true;
        this.#take(body);
        this.onRows(body[this.member], true);
    }

    #take(body) {
        this.#next = body.next_page_token;
        if (!this.#next && document.activeElement === this.more) this.container.focus({ preventScroll: true });
        this.more.hidden = !this.#next;
        this.node.hidden = !this.#next;
    }

    async #ask(token) {
        const query = { ...this.query, page_size: this.size, page_token: token };
        return (await ask("GET", this.path, { query })).body;
    }
}
