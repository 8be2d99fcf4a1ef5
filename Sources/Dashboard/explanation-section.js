// Why a breaker is in its state, what happens next, and how near its rules are to tripping.

import { ask, pathOf } from "./api.js";
import { element, setText } from "./dom.js";
import { duration, ruleWords, zonedText } from "./format.js";
import { PacedWork } from "./paced-work.js";
import { now } from "./server-clock.js";
import { bar } from "./state-badges.js";

export class ExplanationSection {
    #next = [];

    constructor(name) {
        this.name = name;
        this.requests = new PacedWork(() => this.#load());
        this.text = element("p", { class: "explanation" });
        this.next = element("ul", { class: "next" });
        this.rules = element("ul", { class: "rules" });
        this.advice = element("div", { class: "advice", hidden: true });
        this.node = element(
            "section",
            { class: "card", "aria-labelledby": "why" },
            element("h2", { id: "why" }, "Why"),
            this.text,
            this.next,
            this.rules,
            this.advice,
        );
    }

    stop() {
        this.requests.stop();
    }

    show(view) {
        // Rules count only while the breaker is closed.
        this.#showRules(view.state === "closed" ? view.rules ?? [] : []);
        this.requests.run();
    }

    async #load() {
        try {
            const { body } = await ask("GET", pathOf(this.name, "/explain"));
            setText(this.text, zonedText(body.text, body.at));
            this.#showNext(body);
            this.#showAdvice(body);
        } catch {
            // The page shows that the server is unreachable; the old content stays.
        }
    }

    #showNext({ at: written, next: events }) {
        this.#next = events.filter((event) => event.at !== null).map((event) => ({
            at: Date.parse(event.at),
            rest: element("span", { class: "number" }),
            detail: zonedText(event.detail, written),
        }));
        this.next.replaceChildren(
            ...this.#next.map(({ rest, detail }) => element("li", {}, rest, ` ${detail}`)),
        );
        this.tick();
    }

    #showRules(rules) {
        this.rules.replaceChildren(
            ...rules.map((rule) => {
                const meter = bar();
                meter.set(rule.progress);
                return element("li", {}, element("span", {}, ruleWords(rule)), meter.node);
            }),
        );
    }

    #showAdvice({ unstable, openings_last_hour: openings, advice }) {
        this.advice.hidden = !unstable && advice.length === 0;
        this.advice.replaceChildren(
            element("h3", {}, unstable ? `Unstable: ${openings} openings within an hour` : "Advice"),
            element(
                "ul",
                {},
                ...advice.map(({ field, current, suggested, detail }) =>
                    element("li", {}, detail, " ", element("code", {}, `${field} ${current} → ${suggested}`)),
                ),
            ),
        );
    }

    tick() {
        for (const { at, rest } of this.#next) setText(rest, at > now() ? `in ${duration(at - now() + 999)}:` : "now:");
    }
}
