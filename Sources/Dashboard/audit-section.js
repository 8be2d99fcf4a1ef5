// The audit of a breaker: the changes that operators made.

import { element } from "./dom.js";
import { exactDuration, overrideWord, stateWord, time, valueWords } from "./format.js";
import { PagedRows } from "./paged-rows.js";
import { defaultOf } from "./policy-defaults.js";
import { sourceWords } from "./policy-section.js";
import { now } from "./server-clock.js";

/** The page size. Most readers look for the last change. */
const SIZE = 5;

const actionWord = {
    policy: "Policy changed",
    override_set: "Override set",
    override_cleared: "Override cleared",
    reset: "Reset",
    delete: "Deleted",
};

export class AuditSection {
    constructor(name) {
        this.rows = element("ol", { class: "audit" });
        const container = element(
            "div",
            { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Audit entries" },
            this.rows,
        );
        this.pages = new PagedRows({
            path: "v1/audit", query: { breaker: name }, member: "audit", size: SIZE, container,
            onRows: (rows, isFirst) => {
                if (isFirst) this.rows.replaceChildren();
                this.rows.append(...rows.map(item));
                if (!this.rows.firstChild) this.rows.append(element("li", { class: "hint" }, "no changes yet"));
            },
        });
        this.node = element(
            "section",
            { class: "card", "aria-labelledby": "audit" },
            element("div", { class: "title" }, element("h2", { id: "audit" }, "Audit"), this.pages.newer),
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

function item(entry) {
    const { at, actor, address, action, before } = entry;
    const isCreation = action === "policy" && before === null;
    const changes = changesOf(entry).map((words) => element("li", {}, words));
    return element(
        "li",
        {},
        element("strong", {}, isCreation ? "Created" : actionWord[action] ?? action),
        element("time", { datetime: at, class: "number" }, time(at, now())),
        element("span", { class: "note" }, `by ${actor}${address === null ? "" : ` from ${address}`}`),
        changes.length > 0 ? element("ul", {}, ...changes) : "",
    );
}

/** The changes of an entry: text, or nodes, for each line. A value that the server cannot read is `null`. */
function changesOf({ action, actor, before, after }) {
    switch (action) {
        case "policy":
            return after === null ? [] : policyChanges(before, after);
        case "override_set":
            return [
                after === null ? null : overrideWords(after, actor),
                before === null ? null : ["instead of ", ...overrideWords(before, actor)],
            ].filter((words) => words !== null);
        case "override_cleared":
            return before === null ? [] : [overrideWords(before, actor)];
        case "reset":
            return before === null || after === null ? [] : [`${stateWord[before.state]} → ${stateWord[after.state]}`];
        case "delete":
            return before === null ? [] : deletion(before, actor);
        default:
            return [];
    }
}

function policyChanges(before, after) {
    if (before === null) return unusual(after.policy);
    const changes = Object.entries(after.policy)
        .filter(([field, value]) => value !== before.policy[field])
        .map(([field, value]) => `${field}: ${valueWords(field, before.policy[field])} → ${valueWords(field, value)}`);
    const [old, source] = [before.policy_source, after.policy_source];
    return old === source ? changes : [...changes, `source: ${sourceWords(old)} → ${sourceWords(source)}`];
}

function deletion({ state, override, policy }, actor) {
    return [stateWord[state], ...(override === null ? [] : [overrideWords(override, actor)]), ...unusual(policy)];
}

/** The values of a policy that differ from their defaults. */
function unusual(policy) {
    return Object.entries(policy)
        .filter(([field, value]) => value !== defaultOf(field, policy))
        .map(([field, value]) => `${field}: ${valueWords(field, value)}`);
}

/** An override, with its author if this is not the actor of the entry. */
function overrideWords({ mode, reason, actor, since, expires_at: end }, author) {
    const length = end === null ? "until cleared" : `for ${exactDuration(Date.parse(end) - Date.parse(since))}`;
    const by = actor === author ? "" : ` by ${actor}`;
    return [`${overrideWord[mode]} ${length}${by}: `, element("q", {}, reason)];
}
