// A list of rows that the server gives page by page, newest first.

import { ask } from "./api.js";
import { button, element, setText } from "./dom.js";

export class Pages {
    #next = "";

    /**
     * @param {string} path
     * @param {string} member of the answer that holds the rows
     * @param {number} size of a page
     * @param {(rows: object[], isFirst: boolean) => void} onRows
     */
    constructor(path, member, size, onRows) {
        this.path = path;
        this.member = member;
        this.size = size;
        this.onRows = onRows;
        this.fault = element("span", { class: "fault", role: "alert" });
        this.more = button("Show earlier", () => this.#load(this.#next), { hidden: true });
        this.node = element("p", { class: "more" }, this.more, this.fault);
    }

    load() {
        return this.#load("");
    }

    async #load(token) {
        try {
            const query = { page_size: this.size, page_token: token };
            const { body } = await ask("GET", this.path, { query });
            this.#next = body.next_page_token;
            this.more.hidden = !this.#next;
            setText(this.fault, "");
            this.node.hidden = !this.#next;
            this.onRows(body[this.member], token === "");
        } catch (problem) {
            // The first page is asked for again by itself.
            if (token !== "") setText(this.fault, problem.message);
        }
    }
}
