// Two operators have changed a policy at the same time: a dialog to choose whose values apply.

import { openDialog } from "./dialogs.js";
import { button, element } from "./dom.js";
import { valueWords } from "./format.js";
import { editedWords } from "./policy-defaults.js";

const columns = ["Field", "Before", "Theirs", "Yours"];

/**
 * @param {object} options
 * @param {object} options.base the policy when the change began
 * @param {object} options.mine the fields that were changed on this page
 * @param {object} options.theirs the current policy
 * @param {(chosen: object) => Promise<void|(() => void)>} options.save gets the fields that differ from theirs, and may
 *     return a function that opens the next dialog
 */
export function openPolicyConflict({ name, base, mine, theirs, save }) {
    const fields = Object.keys(theirs).filter((field) => field in mine || theirs[field] !== base[field]);
    const rows = fields.map((field) => ({
        field,
        isMine: field in mine,
        // If only one side changed the field, choose that side.
        choice: field in mine && theirs[field] === base[field] ? "mine" : "theirs",
    }));
    const body = element("tbody", {}, ...rows.map((row) => mergeRow(row, base, mine, theirs)));
    const choose = (choice) => {
        for (const input of body.querySelectorAll(`input[value=${choice}]:not(:disabled)`)) input.checked = true;
    };
    openDialog({
        title: `The policy of ${name} has changed meanwhile`,
        content: [
            element("p", {}, "Your changes are not saved yet. Choose a value for each field."),
            element(
                "div",
                { class: "choices" },
                button("All theirs", () => choose("theirs")),
                button("All yours", () => choose("mine")),
            ),
            element(
                "table",
                { class: "merge" },
                element(
                    "thead",
                    {},
                    element("tr", {}, ...columns.map((word) => element("th", { scope: "col" }, word))),
                ),
                body,
            ),
        ],
        confirm: "Save",
        submit: () => {
            const chosen = rows.filter(({ field }) => body.querySelector(`input[name="${field}"][value=mine]:checked`));
            return save(Object.fromEntries(chosen.map(({ field }) => [field, mine[field]])));
        },
    });
}

function mergeRow({ field, isMine, choice }, base, mine, theirs) {
    const mineWords = isMine ? editedWords(field, mine[field], { ...theirs, ...mine }) : "unchanged";
    const option = (side, words) =>
        element(
            "td",
            {},
            element(
                "label",
                {},
                element("input", {
                    type: "radio", name: field, value: side, checked: side === choice,
                    disabled: side === "mine" && !isMine,
                    "aria-label": `${field}: ${side === "mine" ? "yours" : "theirs"}, ${words}`,
                }),
                words,
            ),
        );
    return element(
        "tr",
        {},
        element("th", { scope: "row" }, field),
        element("td", {}, valueWords(field, base[field])),
        option("theirs", valueWords(field, theirs[field])),
        option("mine", mineWords),
    );
}
