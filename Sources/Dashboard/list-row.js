// One row of the list.

import { element, setClass, setText } from "./dom.js";
import { duration, failureWords, perSecond, ruleWords, time } from "./format.js";
import { nearestRule } from "./list-order.js";
import { now } from "./server-clock.js";
import { sparkline } from "./sparkline.js";
import { bar, effective, showBadges } from "./state-badges.js";

export const columns = [
    "State", "Breaker", "In state", "Next probe", "Rule", "Last hour", "Denied/s", "Last failure",
];

export class Row {
    #breaker = null;
    #history = null;

    constructor(name) {
        this.state = element("span", { class: "badges" });
        // The title shows the full text if it is cut off.
        const address = `?breaker=${encodeURIComponent(name)}`;
        this.link = element("a", { href: address, title: name, "data-link": true }, name);
        this.note = element("span", { class: "note" });
        this.since = element("span", { class: "number" });
        this.probe = element("span", { class: "number" });
        this.bar = bar();
        this.rule = element("span", { class: "rule" });
        this.hour = element("span", {});
        this.denied = element("span", { class: "number" });
        this.failure = element("span", {});
        this.failedAt = element("span", { class: "note" });
        const cells = [
            [this.state], [this.link, this.note], [this.since], [this.probe], [this.rule, this.bar.node], [this.hour],
            [this.denied], [this.failure, this.failedAt],
        ];
        // Explicit roles, because a style sheet that changes a table's layout removes its semantics.
        this.node = element(
            "tr",
            { role: "row" },
            ...cells.map((content, index) =>
                element(
                    "td",
                    { role: "cell", "data-label": columns[index], class: `c${index}` },
                    element("div", {}, ...content),
                ),
            ),
        );
    }

    show(breaker) {
        this.#breaker = breaker;
        setClass(this.node, breaker.isDeleted ? "row deleted" : `row ${effective(breaker)}`);
        showBadges(this.state, breaker);
        this.#showRule(breaker);
        setText(this.denied, perSecond(breaker.deniedPerSecond));
        setText(this.failure, failureWords(breaker.last_failure));
        this.failure.title = this.failure.textContent;
        setText(this.failedAt, breaker.last_failure ? time(breaker.last_failure.at, now()) : "");
        if (breaker.history !== this.#history || !this.hour.firstChild) {
            this.#history = breaker.history;
            this.hour.replaceChildren(sparkline(breaker.history));
        }
        this.tick();
    }

    /** Shows how near the breaker is to tripping, or what tripped it. */
    #showRule(breaker) {
        const rule = breaker.state === "closed" ? nearestRule(breaker) : null;
        this.bar.node.hidden = rule === null;
        if (rule !== null) this.bar.set(rule.progress);
        setText(this.rule, rule === null ? cause(breaker) : ruleWords(rule));
        this.rule.title = this.rule.textContent;
    }

    /** Updates the parts that depend only on the time. */
    tick() {
        const breaker = this.#breaker;
        setText(this.since, duration(now() - Date.parse(breaker.since)));
        setText(this.probe, nextProbe(breaker));
        setText(this.note, breaker.isDeleted ? "deleted" : note(breaker));
        this.note.title = this.note.textContent;
    }
}

/** Why a breaker is not simply closed. */
function cause({ state, override, last_transition: transition, probes }) {
    if (override?.mode === "force_open") return override.reason;
    if (state === "closed") return "no rule is on";
    if (state === "half_open" && probes) return `${probes.successes} of ${probes.success_threshold} probes succeeded`;
    return transition?.detail ?? "";
}

/** When the next call may go through, for a breaker that denies. */
export function nextProbe(breaker) {
    if (breaker.state === "half_open") return breaker.probes?.in_flight ? "in flight" : "the next call";
    if (breaker.state !== "open") return "–";
    if (breaker.open_until === null) return "overridden";
    const rest = Date.parse(breaker.open_until) - now();
    return rest > 0 ? `in ${duration(rest + 999)}` : "the next call";
}

/** How long the breaker has not been closed, if that is longer than it has been in its state. */
export function outage({ state, since, not_closed_since: beginning }) {
    if (state === "closed" || !beginning || Date.parse(beginning) >= Date.parse(since)) return null;
    return `not closed for ${duration(now() - Date.parse(beginning))}`;
}

/** The override's actor and remaining time, and its reason unless that is shown as the cause. */
function note(breaker) {
    const { override } = breaker;
    if (!override) return outage(breaker) ?? "";
    const note = `${override.actor} · ${restOf(override)}`;
    return override.mode === "force_open" ? note : `${note} · ${override.reason}`;
}

/** The remaining time of an override. */
export function restOf(override) {
    if (override.expires_at === null) return "until cleared";
    const rest = Date.parse(override.expires_at) - now();
    return rest > 0 ? `${duration(rest + 999)} left` : "ending";
}
