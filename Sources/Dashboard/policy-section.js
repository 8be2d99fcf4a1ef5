// The policy of a breaker: its numbers, their source, and their editor.

import { ask, pathOf } from "./api.js";
import { openDialog } from "./dialogs.js";
import { announce, button, element, setText } from "./dom.js";
import { numberWithUnit, valueWords } from "./format.js";
import { openPolicyConflict } from "./policy-conflict.js";
import { defaultOf, editedWords } from "./policy-defaults.js";
import { fieldHelp } from "./policy-help.js";
import { mayOrder } from "./session.js";

const sources = { default: "the built-in default", config: "the configuration file", api: "set through the API" };

export function sourceWords(source) {
    if (source.startsWith("profile:")) return `the profile ${source.slice("profile:".length)}`;
    return sources[source] ?? source;
}

export class PolicySection {
    #policy = null;
    #tag = null;

    /** @param {(view: object, tag: string) => void} onDone gets the breaker after a change */
    constructor(name, onDone) {
        this.name = name;
        this.onDone = onDone;
        this.warnings = element("div", { class: "advice", hidden: true });
        this.source = element("p", { class: "hint" });
        this.rows = element("dl", { class: "policy" });
        this.node = element(
            "section",
            { class: "card", "aria-labelledby": "policy" },
            element(
                "div",
                { class: "title" },
                element("h2", { id: "policy" }, "Policy"),
                mayOrder() ? button("Edit…", () => this.#edit()) : "",
            ),
            this.warnings,
            this.source,
            this.rows,
        );
    }

    show(view, tag) {
        this.#policy = view.policy;
        this.#tag = tag;
        setText(this.source, `From ${sourceWords(view.policy_source)}.`.replace("From set", "Set"));
        if (this.shown === tag) return;
        this.shown = tag;
        // The warnings were about the policy before.
        this.warnings.hidden = true;
        this.rows.replaceChildren(
            ...Object.entries(view.policy).flatMap(([field, value]) => [
                element("dt", {}, field),
                element("dd", { class: value === null ? "off" : "" }, valueWords(field, value)),
            ]),
        );
    }

    #edit() {
        const base = { ...this.#policy };
        const tag = this.#tag;
        const inputs = Object.keys(base).map((field) => policyInput(field, base[field]));
        // The default of a field may depend on another field.
        const showHints = () => {
            const policy = Object.fromEntries(inputs.map(({ field, value }) => [field, value()]));
            inputs.forEach((input) => input.showHint(policy));
        };
        showHints();
        openDialog({
            title: `Policy: ${this.name}`,
            content: [
                element(
                    "p",
                    { class: "hint" },
                    "The state does not change. An empty field turns its rule off, or restores its default. " +
                        "A duration may be written as 1h30m, and a share as 50%.",
                ),
                element("div", { class: "fields", oninput: showHints }, ...inputs.map((input) => input.node)),
            ],
            confirm: "Save",
            submit: () => this.#save(base, changes(base, inputs), tag),
        });
    }

    /** Shows the server's warnings about the saved policy. Only the answer to a change has them. */
    #showWarnings(warnings) {
        const words = warnings.length === 1 ? "with a warning" : `with ${warnings.length} warnings`;
        this.warnings.hidden = warnings.length === 0;
        const items = warnings.map(({ code, detail }) => element("li", {}, element("code", {}, code), " ", detail));
        this.warnings.replaceChildren(element("h3", {}, `Saved, ${words}`), element("ul", {}, ...items));
        const saved = warnings.length === 0 ? "The policy is saved." : `The policy is saved, ${words}.`;
        announce([saved, ...warnings.map(({ detail }) => detail)].join(" "));
    }

    /**
     * Saves the fields that differ from `base`. If another operator has changed the policy meanwhile, it returns a
     * function that opens the merge dialog.
     */
    async #save(base, mine, tag) {
        if (Object.keys(mine).length === 0) return undefined;
        try {
            const order = { body: { policy: mine }, fields: { "if-match": tag } };
            const answer = await ask("PATCH", pathOf(this.name), order);
            this.onDone(answer.body, answer.tag);
            this.#showWarnings(answer.body.warnings);
            return undefined;
        } catch (problem) {
            if (problem.status !== 412) throw problem;
        }
        const { body, tag: theirTag } = await ask("GET", pathOf(this.name));
        this.onDone(body, theirTag);
        const theirs = body.policy;
        const save = (chosen) => this.#save(theirs, chosen, theirTag);
        return () => openPolicyConflict({ name: this.name, base, mine, theirs, save });
    }
}

/** The fields that differ from `base`, in the server's format. */
function changes(base, inputs) {
    const mine = {};
    for (const { field, value } of inputs) {
        if (value() !== base[field]) mine[field] = value();
    }
    return mine;
}

/** A number as operators write it. `Number` also reads `0x10`, `1e3` and `Infinity`. */
const DECIMAL = /^-?\d+(\.\d+)?$/;

function policyInput(field, value) {
    const input = element("input", {
        id: `field-${field}`, name: field, value: value ?? "", inputmode: "decimal", autocomplete: "off",
        "aria-describedby": `help-${field} hint-${field} fault-${field}`,
    });
    const hint = element("span", { id: `hint-${field}`, class: "hint" });
    const help = element("p", { id: `help-${field}`, class: "help" });
    const read = () => {
        const text = input.value.trim();
        if (text === "") return null;
        const number = DECIMAL.test(text) ? Number(text) : numberWithUnit(field, text);
        // The server refuses a value that is not a number, with its own message. JSON has no infinite number.
        return Number.isFinite(number) ? number : text;
    };
    const showHint = (policy) => {
        const current = read();
        const words = typeof current === "string" ? "" : editedWords(field, current, policy);
        setText(hint, words === input.value.trim() ? "" : words);
        setText(help, `${fieldHelp[field]} Default: ${valueWords(field, defaultOf(field, policy))}.`);
    };
    const node = element(
        "div",
        { class: "field" },
        element("label", { for: `field-${field}` }, field),
        input,
        hint,
        help,
        element("p", { id: `fault-${field}`, class: "fault", "data-fault": field }),
    );
    return { field, value: read, showHint, node };
}
