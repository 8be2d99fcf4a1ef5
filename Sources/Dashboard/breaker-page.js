// The page of one breaker: its state, the reasons, and the orders that an operator can give.

import { ask, pathOf } from "./api.js";
import { AuditSection } from "./audit-section.js";
import { curlSection } from "./curl-commands.js";
import { announce, element, setClass, setText } from "./dom.js";
import { ExplanationSection } from "./explanation-section.js";
import { FailuresSection } from "./failures-section.js";
import { duration, overrideWord, stateWord, time } from "./format.js";
import { HistorySection } from "./history-section.js";
import { nextProbe, outage, restOf } from "./list-row.js";
import { Controls } from "./order-dialogs.js";
import { go, list } from "./page-address.js";
import { PacedWork } from "./paced-work.js";
import { PolicySection } from "./policy-section.js";
import { now, whileSeen } from "./server-clock.js";
import { mayOrder, mayReadAudit } from "./session.js";
import { showBadges } from "./state-badges.js";
import { TransitionsSection } from "./transitions-section.js";

/** How often to request the numbers that changes do not contain, in ms. */
const POLL_MS = 5_000;

export class BreakerPage {
    #view = null;
    #tag = null;
    #isStopped = false;
    /** Grows with each order, so that an answer to an earlier request does not undo it on the page. */
    #orders = 0;

    /**
     * @param {string} name
     * @param {object} filter the filter of the list to which the back link leads
     */
    constructor(name, filter) {
        this.name = name;
        this.badges = element("span", { class: "badges large" });
        this.facts = element("p", { class: "facts" });
        this.override = element("div", { class: "override", hidden: true });
        this.controls = element("div", { class: "controls" });
        this.fault = element("p", { class: "notice fault", role: "alert", hidden: true });
        const afterOrder = (view, tag) => {
            this.#orders += 1;
            this.#take(view, tag);
        };
        this.requests = new PacedWork(() => this.#ask());
        this.explanation = new ExplanationSection(name);
        this.history = new HistorySection(name);
        this.transitions = new TransitionsSection(name, (...newest) => this.history.setTransitions(...newest));
        this.failures = new FailuresSection(name);
        this.policy = new PolicySection(name, afterOrder);
        this.audit = mayReadAudit() ? new AuditSection(name) : null;
        this.orders = mayOrder() ? new Controls(name, afterOrder, () => go(list(filter))) : null;
        this.controls.append(...(this.orders?.nodes ?? []));
        this.content = element(
            "div",
            { class: "columns" },
            element("div", {}, this.explanation.node, this.history.node, this.failures.node),
            element("div", {}, this.policy.node, this.transitions.node, this.audit?.node, curlSection(name)),
        );
        this.node = element(
            "section",
            { class: "breaker", "aria-labelledby": "name" },
            element(
                "p",
                { class: "back" },
                element("a", { href: list(filter), "data-link": true }, "← All breakers"),
            ),
            element(
                "div",
                { class: "head" },
                element("h1", { id: "name" }, name),
                this.badges,
                this.controls,
            ),
            this.facts,
            this.override,
            this.fault,
            this.content,
        );
        // Nothing is known yet, not even whether the breaker exists.
        this.content.hidden = true;
        this.controls.hidden = true;
        this.endPoll = whileSeen(POLL_MS, () => this.refresh());
        this.refresh();
    }

    enter() {
        scrollTo(0, 0);
    }

    leave() {
        this.#isStopped = true;
        this.endPoll();
        this.requests.stop();
        this.explanation.stop();
        this.history.stop();
        this.transitions.stop();
        this.audit?.stop();
        this.failures.stop();
    }

    onChange(change) {
        if (change.type === "resync") this.refresh();
        if (change.name !== this.name) return;
        if (change.transition) announce(`${this.name} is ${stateWord[change.state].toLowerCase()}.`);
        this.refresh();
    }

    /** Requests everything that the page shows. */
    refresh() {
        this.requests.run();
    }

    async #ask() {
        const orders = this.#orders;
        try {
            const { body, tag } = await ask("GET", pathOf(this.name));
            if (this.#isStopped) return;
            if (orders === this.#orders) this.#take(body, tag);
            else this.refresh();
        } catch (problem) {
            if (!this.#isStopped) this.#showError(problem);
        }
    }

    #take(view, tag) {
        const before = this.#view;
        this.#view = view;
        this.fault.hidden = true;
        this.content.hidden = false;
        this.controls.hidden = false;
        showBadges(this.badges, view);
        setClass(this.node, `breaker ${view.override?.mode ?? view.state}`);
        this.#showOverride(view);
        this.orders?.show(view);
        this.explanation.show(view);
        this.policy.show(view, tag);
        const isOther = before?.last_transition?.revision !== view.last_transition?.revision;
        if (before === null || isOther) this.transitions.load();
        // Each order of an operator causes a transition or changes the policy.
        if (before === null || isOther || tag !== this.#tag) this.audit?.load();
        this.#tag = tag;
        const hasFailed =
            before?.last_failure?.at !== view.last_failure?.at || before?.counts.failures < view.counts.failures;
        if (before === null || isOther || hasFailed) this.failures.load();
        this.history.show(view);
        this.tick();
    }

    #showError(problem) {
        this.fault.hidden = false;
        setText(this.fault, problem.message);
        const isGone = problem.code === "unknown_breaker";
        if (isGone) this.#view = null;
        this.content.hidden = isGone || this.#view === null;
        this.controls.hidden = this.content.hidden;
        if (isGone) {
            this.badges.replaceChildren();
            delete this.badges.dataset.badges;
            this.override.hidden = true;
            setText(this.facts, "");
        }
    }

    #showOverride({ override }) {
        this.override.hidden = override === null;
        if (override === null) return;
        this.rest = element("span", { class: "number" });
        this.override.replaceChildren(
            element("strong", {}, overrideWord[override.mode]),
            ` by ${override.actor} since ${time(override.since, now())}: `,
            element("q", {}, override.reason),
            " · ",
            this.rest,
        );
    }

    tick() {
        const view = this.#view;
        if (view === null) return;
        const parts = [`${stateWord[view.state]} for ${duration(now() - Date.parse(view.since))}`];
        const beginning = outage(view);
        if (beginning !== null) parts.push(beginning);
        if (view.state !== "closed") parts.push(`next probe: ${nextProbe(view)}`);
        const openings = view.openings_last_hour;
        if (openings > 0) parts.push(`opened ${openings === 1 ? "once" : `${openings} times`} in the last hour`);
        if (view.last_seen_at) parts.push(`last seen ${time(view.last_seen_at, now())}`);
        setText(this.facts, parts.join(" · "));
        if (view.override) setText(this.rest, restOf(view.override));
        this.explanation.tick();
    }
}
