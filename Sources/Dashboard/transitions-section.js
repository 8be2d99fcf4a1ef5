// The transitions of a breaker.

import { pathOf } from "./api.js";
import { element } from "./dom.js";
import { causeWord, stateWord, time } from "./format.js";
import { PagedRows } from "./paged-rows.js";
import { now } from "./server-clock.js";
import { icon } from "./state-badges.js";

/** The page size. It covers about a week of a calm breaker, for the band above the outcomes. */
const SIZE = 100;

export class TransitionsSection {
    /** @param {(rows: object[], isWhole: boolean) => void} onNewest gets the newest transitions, newest first */
    constructor(name, onNewest) {
        this.rows = element("ol", { class: "transitions" });
        const container = element(
            "div",
            { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Transitions" },
            this.rows,
        );
        this.pages = new PagedRows({
            path: pathOf(name, "/transitions"), member: "transitions", size: SIZE, container, onNewest,
            onRows: (rows, isFirst) => {
                if (isFirst) this.rows.replaceChildren();
                this.rows.append(...rows.map(item));
                if (!this.rows.firstChild) this.rows.append(element("li", { class: "hint" }, "no transitions yet"));
            },
        });
        this.node = element(
            "section",
            { class: "card", "aria-labelledby": "timeline" },
            element("div", { class: "title" }, element("h2", { id: "timeline" }, "Timeline"), this.pages.newer),
            container,
            this.pages.node,
        );
    }

    stop() {
        this.pages.stop();
    }

    load() {
        this.pages.load();
    }
}

function item(transition) {
    const { at, from, to, cause, detail, actor } = transition;
    const step = from === to ? stateWord[to] : `${stateWord[from]} → ${stateWord[to]}`;
    return element(
        "li",
        { class: to },
        element("span", { class: "step" }, icon(to), step),
        element("time", { datetime: at, class: "number" }, time(at, now())),
        element("span", { class: "detail" }, detail || causeWord[cause] || cause),
        // Some details already name the actor.
        actor && !detail?.includes(actor) ? element("span", { class: "note" }, `by ${actor}`) : "",
    );
}
