// Through which states a breaker went.

import { pathOf } from "./api.js";
import { icon } from "./badge.js";
import { now } from "./clock.js";
import { element } from "./dom.js";
import { causeWord, stateWord, time } from "./format.js";
import { Pages } from "./pages.js";

/** As many as a week of a calm breaker has; the band above the outcomes is drawn from them. */
const SIZE = 100;

export class TransitionsSection {
    /** @param {(rows: object[]) => void} onRows gets all that are loaded, newest first */
    constructor(name, onRows) {
        let all = [];
        this.rows = element("ol", { class: "transitions" });
        this.pages = new Pages(pathOf(name, "/transitions"), "transitions", SIZE, (rows, isFirst) => {
            all = isFirst ? rows : [...all, ...rows];
            this.rows.replaceChildren(...all.map(item));
            if (all.length === 0) this.rows.append(element("li", { class: "hint" }, "none yet"));
            onRows(all);
        });
        this.node = element(
            "section",
            { class: "card", "aria-labelledby": "timeline" },
            element("h2", { id: "timeline" }, "Timeline"),
            element(
                "div",
                { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Transitions" },
                this.rows,
            ),
            this.pages.node,
        );
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
        actor ? element("span", { class: "note" }, `by ${actor}`) : "",
    );
}
