// The choice of how long an override is in force.

import { InputError } from "./dialogs.js";
import { element } from "./dom.js";
import { duration, durationMs } from "./format.js";

const expiries = [
    { word: "15 min", ms: 900_000 },
    { word: "30 min", ms: 1_800_000 },
    { word: "1 h", ms: 3_600_000 },
    { word: "4 h", ms: 14_400_000 },
    { word: "24 h", ms: 86_400_000 },
    { word: "Never", ms: null },
    { word: "Other…" },
];
const usual = 2;

/** The durations that the server accepts, as in `Limits.overrideMs`. */
const MIN_MS = 1_000;
const MAX_MS = 31_536_000_000;

/** The member of the order. The server names it in a fault. */
const FIELD = "expires_in_ms";

/** Fixed durations, and a field for any other. */
export class ExpiryChoice {
    constructor() {
        this.list = element(
            "fieldset",
            { class: "choices", onchange: () => this.#showOther() },
            element("legend", {}, "Expires after"),
            ...expiries.map(({ word }, index) =>
                element(
                    "label",
                    {},
                    element("input", { type: "radio", name: "expiry", value: index, checked: index === usual }),
                    word,
                ),
            ),
        );
        this.input = element("input", {
            id: FIELD, name: FIELD, autocomplete: "off", "aria-describedby": `${FIELD}-hint ${FIELD}-fault`,
        });
        const range = `At least ${duration(MIN_MS)}, at most ${duration(MAX_MS)}.`;
        this.other = element(
            "div",
            { class: "other", hidden: true },
            element("label", { for: FIELD }, "Duration"),
            this.input,
            element("p", { id: `${FIELD}-hint`, class: "hint" }, `For example 45m, 1h30m or 90s. ${range}`),
            element("p", { id: `${FIELD}-fault`, class: "fault", "data-fault": FIELD }),
        );
        this.nodes = [this.list, this.other];
    }

    /**
     * The chosen duration in ms; `null` for an override without an expiry.
     *
     * @throws {InputError}
     */
    read() {
        const { ms } = this.#chosen();
        if (ms !== undefined) return ms;
        const written = durationMs(this.input.value.trim());
        if (Number.isNaN(written)) throw new InputError(FIELD, "Duration must have the form 45m, 1h30m or 90s.");
        if (written < MIN_MS) throw new InputError(FIELD, `Duration must be at least ${duration(MIN_MS)}.`);
        if (written > MAX_MS) throw new InputError(FIELD, `Duration must be at most ${duration(MAX_MS)}.`);
        return written;
    }

    #chosen() {
        return expiries[Number(this.list.querySelector(":checked").value)];
    }

    #showOther() {
        this.other.hidden = this.#chosen().ms !== undefined;
    }
}
