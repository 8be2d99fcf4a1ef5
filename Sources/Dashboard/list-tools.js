// The search and the order of the list. The page's address holds both, and the list follows only the address.

import { element } from "./dom.js";
import { go, list as addressOf } from "./page-address.js";

/** The pause in typing after which the search starts, in ms. */
const TYPING_MS = 150;

export class ListTools {
    #filter = null;
    #timer = null;

    constructor() {
        this.search = element("input", {
            type: "search", id: "search", placeholder: "part of a name", autocomplete: "off", spellcheck: "false",
            "aria-keyshortcuts": "/", oninput: () => this.#wait(),
        });
        this.sort = element(
            "select",
            { id: "sort", onchange: () => this.#filterBy({ sort: this.sort.value }) },
            element("option", { value: "" }, "Attention first"),
            element("option", { value: "name" }, "By name"),
        );
        this.node = element(
            "form",
            { class: "tools", role: "search", onsubmit: (event) => event.preventDefault() },
            element("label", { for: "search" }, "Search"),
            this.search,
            element("label", { for: "sort" }, "Order"),
            this.sort,
        );
        this.shortcut = (event) => {
            if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !this.node.isConnected) return;
            if (event.target.closest("input, textarea, select, dialog")) return;
            event.preventDefault();
            this.search.focus();
        };
        document.addEventListener("keydown", this.shortcut);
    }

    stop() {
        this.rest();
        document.removeEventListener("keydown", this.shortcut);
    }

    /** Discards unfinished input when the user leaves the list. */
    rest() {
        clearTimeout(this.#timer);
        this.#timer = null;
    }

    show(filter) {
        this.#filter = filter;
        // Keep letters that were typed meanwhile.
        if (this.#timer === null && this.search.value.trim() !== filter.q) this.search.value = filter.q;
        this.sort.value = filter.sort;
    }

    #wait() {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => {
            this.#timer = null;
            this.#filterBy({ q: this.search.value.trim() });
        }, TYPING_MS);
    }

    #filterBy(part) {
        go(addressOf({ ...this.#filter, ...part }), true);
    }
}
