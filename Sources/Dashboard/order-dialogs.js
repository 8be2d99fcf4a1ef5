// The orders that an operator can give to a breaker.

import { ask, pathOf } from "./api.js";
import { openDialog } from "./dialogs.js";
import { announce, button, element } from "./dom.js";
import { ExpiryChoice } from "./expiry-choice.js";
import { overrideWord } from "./format.js";

const meanings = {
    force_open: "All calls are denied until the override ends. Then the breaker becomes half open: one probe decides.",
    force_closed: "All calls are let through until the override ends, even if they fail. Failures still count.",
    shadow: "The breaker decides as usual, but a call that it would deny is let through and marked.",
};

/** The buttons for an operator's orders. */
export class Controls {
    #override = null;

    /**
     * @param {(view: object, tag: string) => void} onDone gets the breaker after an order
     * @param {() => void} onDeleted is called after the breaker is deleted
     */
    constructor(name, onDone, onDeleted) {
        const overrides = ["force_open", "force_closed", "shadow"].map((mode) =>
            button(`${modeWord[mode]}…`, () => askForOverride(name, mode, onDone)),
        );
        this.clear = button("Clear…", () => askToClear(name, this.#override, onDone), { hidden: true });
        this.reset = button("Reset…", () => askToReset(name, onDone));
        const deletion = button("Delete…", () => askToDelete(name, onDeleted));
        this.nodes = [...overrides, this.clear, this.reset, deletion];
    }

    /** Shows the buttons that apply to the breaker's current state. */
    show({ override }) {
        this.#override = override;
        if (override === null && document.activeElement === this.clear) this.reset.focus();
        this.clear.hidden = override === null;
    }
}

const modeWord = { force_open: "Force open", force_closed: "Force closed", shadow: "Shadow" };

function askForOverride(name, mode, onDone) {
    const reason = element("textarea", {
        id: "reason", name: "reason", rows: 2, required: true, maxlength: 512, autofocus: true,
        "aria-describedby": "reason-fault",
    });
    const expiry = new ExpiryChoice();
    openDialog({
        title: `${modeWord[mode]}: ${name}`,
        content: [
            element("p", {}, meanings[mode]),
            element("label", { for: "reason" }, "Reason"),
            reason,
            element("p", { id: "reason-fault", class: "fault", "data-fault": "reason" }),
            ...expiry.nodes,
        ],
        confirm: modeWord[mode],
        look: mode === "force_open" ? "danger" : "primary",
        submit: async () => {
            const body = { mode, reason: reason.value.trim(), expires_in_ms: expiry.read() };
            const answer = await ask("PUT", pathOf(name, "/override"), { body });
            onDone(answer.body, answer.tag);
            announce(`${name}: ${overrideWord[mode].toLowerCase()}.`);
        },
    });
}

function askToClear(name, override, onDone) {
    openDialog({
        title: `Clear the override: ${name}`,
        content: [
            element("p", {}, `${overrideWord[override.mode]} by ${override.actor}: ${override.reason}`),
            override.mode === "force_open" ? element("p", {}, "The breaker becomes half open: one probe decides.") : "",
        ],
        confirm: "Clear",
        submit: async () => {
            const answer = await ask("DELETE", pathOf(name, "/override"));
            onDone(answer.body, answer.tag);
            announce(`${name}: the override is cleared.`);
        },
    });
}

function askToReset(name, onDone) {
    const choice = (value, word, checked) =>
        element("label", {}, element("input", { type: "radio", name: "to", value, checked }), word);
    const list = element(
        "fieldset",
        { class: "choices wide" },
        element("legend", {}, "New state"),
        choice("half_open", "Half open: the next call is a probe", true),
        choice("closed", "Closed: all calls are let through", false),
    );
    openDialog({
        title: `Reset: ${name}`,
        content: [list, element("p", {}, "This clears the counts and the back-off.")],
        confirm: "Reset",
        submit: async () => {
            const to = list.querySelector(":checked").value;
            const query = to === "closed" ? {} : { to };
            const answer = await ask("POST", pathOf(name, "/reset"), { query });
            onDone(answer.body, answer.tag);
            announce(`${name} is reset.`);
        },
    });
}

function askToDelete(name, onDeleted) {
    openDialog({
        title: `Delete: ${name}`,
        content: [
            element(
                "p",
                {},
                "The policy, the failures and the transitions are deleted with the breaker. ",
                "Its entries in the audit stay.",
            ),
            element("p", {}, "The next acquire of this name creates a new breaker."),
        ],
        confirm: "Delete",
        look: "danger",
        submit: async () => {
            await ask("DELETE", pathOf(name));
            announce(`${name} is deleted.`);
            return onDeleted;
        },
    });
}
