// The outcomes of calls and the states of the breaker, on one time axis.

import { ask, pathOf } from "./api.js";
import { button, element, setText } from "./dom.js";
import { count, duration, stateWord, time } from "./format.js";
import { band, chart, pointAt } from "./history-chart.js";
import { now } from "./server-clock.js";

/** The selectable ranges, and how long, in ms, an answer for each counts as fresh. */
const ranges = [
    { word: "1 h", ms: 3_600_000, step: "1m", freshMs: 4_000 },
    { word: "6 h", ms: 21_600_000, step: "5m", freshMs: 30_000 },
    { word: "24 h", ms: 86_400_000, step: "15m", freshMs: 60_000 },
    { word: "7 d", ms: 604_800_000, step: "2h", freshMs: 300_000 },
];
const kinds = ["successes", "failures", "slow", "ignored", "allowed", "denied"];

export class HistorySection {
    #range = ranges[0];
    #history = null;
    #transitions = [];
    /** The time, in ms, from which the states are known; `null` if all transitions are known. */
    #knownSince = null;
    #createdAt = 0;
    #chosen = null;
    #loadedAt = 0;

    constructor(name) {
        this.name = name;
        this.buttons = ranges.map((range) => button(range.word, () => this.#choose(range)));
        this.container = element("div", {
            class: "chart-box", tabindex: "0", role: "group", "aria-labelledby": "outcomes",
            "aria-describedby": "reading", onpointermove: (event) => this.#point(event),
            onpointerleave: () => this.#look(null), onkeydown: (event) => this.#onKey(event),
        });
        this.reading = element("p", { id: "reading", class: "reading" });
        this.states = element("p", { class: "hint" });
        this.rows = element("tbody", {});
        const heads = ["Time", ...kinds].map((word) => element("th", { scope: "col" }, word));
        this.numbers = element(
            "details",
            { ontoggle: () => this.#showNumbers() },
            element("summary", {}, "As numbers"),
            element(
                "div",
                { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Outcomes as numbers" },
                element("table", { class: "numbers" }, element("thead", {}, element("tr", {}, ...heads)), this.rows),
            ),
        );
        this.node = element(
            "section",
            { class: "card", "aria-labelledby": "outcomes", hidden: true },
            element(
                "div",
                { class: "title" },
                element("h2", { id: "outcomes" }, "Outcomes"),
                element("div", { class: "choices", role: "group", "aria-label": "Time range" }, ...this.buttons),
            ),
            legend(),
            this.container,
            this.reading,
            this.states,
            this.numbers,
        );
        this.observer = new ResizeObserver(() => this.#draw());
        this.observer.observe(this.container);
        this.#press();
    }

    stop() {
        this.observer.disconnect();
    }

    /** Shows a breaker's outcomes, and requests them unless the known ones are fresh. */
    show(view) {
        this.#createdAt = Date.parse(view.created_at);
        this.#load();
    }

    async #load() {
        const range = this.#range;
        if (Date.now() - this.#loadedAt < range.freshMs) return;
        this.#loadedAt = Date.now();
        const to = Math.ceil(now() / 1000) * 1000;
        const query = {
            from: new Date(to - range.ms).toISOString(), to: new Date(to).toISOString(), step: range.step,
        };
        try {
            const { body } = await ask("GET", pathOf(this.name, "/history"), { query });
            if (range !== this.#range) return;
            this.#history = body;
            this.node.hidden = false;
            this.#draw();
            this.#showNumbers();
        } catch {
            // The page shows that the server is unreachable; the old content stays and is requested again soon.
            if (range === this.#range) this.#loadedAt = 0;
        }
    }

    /**
     * @param {object[]} rows the newest transitions, newest first
     * @param {boolean} isWhole whether there are no others
     */
    setTransitions(rows, isWhole) {
        this.#transitions = rows;
        this.#knownSince = isWhole ? null : Date.parse(rows.at(-1).at);
        this.#draw();
    }

    #choose(range) {
        this.#range = range;
        this.#chosen = null;
        this.#loadedAt = 0;
        this.#press();
        this.#load();
    }

    #press() {
        this.buttons.forEach((node, index) => {
            node.setAttribute("aria-pressed", String(ranges[index] === this.#range));
        });
    }

    #draw() {
        const width = Math.floor(this.container.clientWidth);
        if (this.#history === null || this.#history.points.length === 0 || width === 0) return;
        const { points, step_ms: step } = this.#history;
        const from = Date.parse(points[0].at);
        const axis = { from, until: from + points.length * step };
        const known = { from: this.#knownSince ?? this.#createdAt, until: now() };
        const state = this.#transitions[0]?.to ?? "closed";
        const states = band(this.#transitions, state, axis, known, width);
        this.container.replaceChildren(chart(this.#history, width, this.#chosen), states.image);
        const words = [...states.totals].filter(([, ms]) => ms >= 1000)
            .map(([name, ms]) => `${stateWord[name].toLowerCase()} ${duration(ms)}`);
        // Only the newest transitions are requested, so a breaker with many has no states at the beginning of the axis.
        const since = known.from > from && this.#knownSince !== null ? ` since ${time(known.from, now())}` : "";
        setText(this.states, words.length ? `Time in each state${since}: ${words.join(", ")}.` : "");
        this.#read();
    }

    /** Shows the numbers of the selected point as text; without a selection, the numbers of all points. */
    #read() {
        const { points, step_ms: step } = this.#history;
        const total = (kind) => points.reduce((sum, point) => sum + point[kind], 0);
        const point = points[this.#chosen];
        const when = point ? `${time(point.at, now())}, ${duration(step)}` : `last ${this.#range.word}`;
        const words = kinds.map((kind) => `${count(point ? point[kind] : total(kind))} ${kind}`);
        setText(this.reading, `${when}: ${words.join(", ")}`);
    }

    #look(index) {
        if (this.#history === null || index === this.#chosen) return;
        this.#chosen = index;
        this.#draw();
    }

    #point(event) {
        if (this.#history === null) return;
        const box = this.container.getBoundingClientRect();
        this.#look(pointAt(event.clientX - box.left, box.width, this.#history.points.length));
    }

    #onKey(event) {
        if (this.#history === null) return;
        const last = this.#history.points.length - 1;
        const index = this.#chosen ?? last + 1;
        const next = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: last }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        this.#look(Math.min(last, Math.max(0, next)));
    }

    #showNumbers() {
        if (!this.numbers.open || this.#history === null) return;
        const points = this.#history.points.filter((point) => kinds.some((kind) => point[kind] > 0)).reverse();
        this.rows.replaceChildren(
            ...points.map((point) =>
                element(
                    "tr",
                    {},
                    element("th", { scope: "row" }, time(point.at, now())),
                    ...kinds.map((kind) => element("td", {}, count(point[kind]))),
                ),
            ),
        );
    }
}

function legend() {
    const entries = ["successes", "failures", "ignored", "slow", "denied"];
    return element(
        "ul",
        { class: "legend", "aria-hidden": "true" },
        ...entries.map((kind) => element("li", {}, element("span", { class: `key ${kind}` }), kind)),
    );
}
