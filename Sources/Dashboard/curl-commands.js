// Shell commands, ready to be copied.

import { serverAddress } from "./api.js";
import { announce, button, element } from "./dom.js";
import { needsToken } from "./session.js";

function curl(rest) {
    const authorization = needsToken() ? ' -H "authorization: Bearer $TOKEN"' : "";
    return `curl${authorization} ${rest}`;
}

/** A command, with a button that copies it. */
function line(text, label) {
    const code = element("code", {}, text);
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(text);
            announce("Copied.");
        } catch {
            // Only a page over TLS or from this machine may write to the clipboard, so select the text.
            getSelection().selectAllChildren(code);
            announce("Selected. Copy it with the keyboard.");
        }
    };
    return element(
        "div",
        { class: "curl" },
        element("pre", { role: "group", "aria-label": label }, code),
        button("Copy", copy, { class: "quiet", "aria-label": `Copy: ${label}` }),
    );
}

/** The content of an empty panel: the first steps. */
export function firstSteps() {
    const url = `${serverAddress}/v1/breakers/payments`;
    return element(
        "div",
        { class: "card first-steps" },
        element("h2", {}, "No breakers yet"),
        element("p", {}, "Fusebox creates a breaker when a worker first asks for it. Try it:"),
        line(curl(`-X POST ${url}/acquire`), "ask whether a call may go through"),
        element("p", {}, "Then report the outcome of the call. Five consecutive failures open the breaker:"),
        line(
            curl(`-X POST '${url}/report?outcome=failure&kind=timeout&reporter=checkout-1'`),
            "report a failure",
        ),
    );
}

/** The commands for one breaker. */
export function curlSection(name) {
    const url = `${serverAddress}/v1/breakers/${name}`;
    const order = `'{"mode":"force_open","reason":"maintenance","expires_in_ms":1800000}'`;
    return element(
        "section",
        { class: "card", "aria-labelledby": "curl" },
        element("h2", { id: "curl" }, "With curl"),
        line(curl(`-X POST ${url}/acquire`), "ask whether a call may go through"),
        line(curl(`-X POST '${url}/report?outcome=success'`), "report a success"),
        line(curl(`${url}/explain`), "explain the state"),
        line(curl(`-X PUT ${url}/override -d ${order}`), "force it open for half an hour"),
        line(curl(`-X DELETE ${url}/override`), "end the override"),
    );
}
