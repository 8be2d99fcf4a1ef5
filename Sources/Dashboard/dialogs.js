// Dialogs that ask for input or confirmation before an order.

import { button, element } from "./dom.js";
import { labelNode } from "./server-label.js";

/** A fault in a field that the page finds before it sends a request. */
export class InputError extends Error {
    constructor(field, detail) {
        super(detail);
        this.faults = [{ field, detail }];
    }
}

let number = 0;

/**
 * Opens a dialog with a form. The dialog closes when `submit` succeeds. A problem is shown next to its field, or above
 * the buttons.
 *
 * @param {object} options
 * @param {string} options.title
 * @param {Node[]} options.content the fields; a fault is shown in the element `[data-fault="<name of the field>"]`
 * @param {string} options.confirm the text of the button
 * @param {string} [options.look] the class of that button
 * @param {() => Promise<void|(() => void)>} options.submit may return a function to call after the dialog has closed,
 *     for example to open another dialog: each dialog first returns the focus to the earlier element
 */
export function openDialog({ title, content, confirm, look = "primary", submit }) {
    number += 1;
    const fault = element("p", { class: "fault", role: "alert" });
    const send = element("button", { class: look }, confirm);
    const form = element(
        "form",
        {
            onsubmit: async (event) => {
                event.preventDefault();
                clearFaults(form);
                fault.textContent = "";
                send.disabled = true;
                try {
                    const next = await submit();
                    // The user may have left the dialog meanwhile.
                    if (!dialog.open) return;
                    dialog.close();
                    next?.();
                } catch (problem) {
                    fault.textContent = showFaults(form, problem);
                }
                send.disabled = false;
            },
        },
        element("h2", { id: `dialog-${number}` }, title),
        ...[labelNode(), ...content].filter((node) => node !== ""),
        fault,
        element("div", { class: "buttons" }, button("Cancel", () => dialog.close()), send),
    );
    const dialog = element(
        "dialog",
        { "aria-labelledby": `dialog-${number}`, onclose: () => dialog.remove() },
        form,
    );
    document.body.append(dialog);
    dialog.showModal();
}

function clearFaults(form) {
    for (const node of form.querySelectorAll("[data-fault]")) node.textContent = "";
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

/** Shows each fault at its field. Returns the remaining text. */
function showFaults(form, problem) {
    const rest = (problem.faults ?? []).filter(({ field, detail }) => {
        const name = field.replace(/^policy\./, "");
        const target = form.querySelector(`[data-fault="${CSS.escape(name)}"]`);
        if (target === null) return true;
        target.textContent = detail;
        form.elements[name]?.setAttribute?.("aria-invalid", "true");
        return false;
    });
    form.querySelector("[aria-invalid]")?.focus();
    const areAllShown = problem.faults?.length > 0 && rest.length === 0;
    return areAllShown ? "" : problem.message;
}
