// The user's session. The token is sent once and not stored. The session is a cookie that no script can read.

import { ask } from "./api.js";
import { button, element } from "./dom.js";

let access = { name: null, role: null, prefix: null, signed_in: false };

/** Requests the session from the server. Returns whether the user may view breakers. */
export async function load() {
    access = (await ask("GET", "v1/session")).body;
    return access.name !== null;
}

/** Whether the user may give orders. */
export function mayOrder() {
    return access.role === "operator";
}

/** Whether the user may read the audit. */
export function mayReadAudit() {
    return access.role === "viewer" || access.role === "operator";
}

/** Whether requests need a token, for the curl commands. */
export function needsToken() {
    return access.signed_in;
}

/** Shows the user, with a button to sign out. */
export function showWho(node, onSignedOut) {
    if (access.name === null) {
        node.replaceChildren();
        return;
    }
    const names = (access.prefix ?? "").split(",").map((word) => (word.startsWith("=") ? word.slice(1) : `${word}*`));
    const limit = access.prefix ? ` · ${names.join(", ")}` : "";
    const signOut = async () => {
        try {
            await ask("DELETE", "v1/session");
        } catch (problem) {
            // No script can remove the cookie, so the user is still signed in.
            fault.textContent = `Still signed in. ${problem.message}`;
            return;
        }
        onSignedOut();
    };
    const fault = element("span", { class: "fault", role: "alert" });
    node.replaceChildren(
        element("span", { class: "name" }, access.name),
        element("span", { class: "role" }, ` ${access.role}${limit}`),
        access.signed_in ? button("Sign out", signOut, { class: "quiet" }) : "",
        fault,
    );
}

/**
 * The form to sign in with a token.
 *
 * @param {boolean} isBack whether the user was signed in before and did not sign out
 */
export function signInForm(onSignedIn, isBack) {
    const token = element("input", {
        id: "token", name: "token", type: "password", required: true, autocomplete: "current-password",
        "aria-describedby": "token-hint token-fault",
    });
    const fault = element("p", { id: "token-fault", class: "fault", role: "alert" });
    const submit = async (event) => {
        event.preventDefault();
        fault.textContent = "";
        try {
            await ask("POST", "v1/session", { body: { token: token.value } });
        } catch (problem) {
            fault.textContent = problem.status === 401 ? "This token is unknown." : problem.message;
            token.select();
            return;
        }
        token.value = "";
        onSignedIn();
    };
    return element(
        "form",
        { class: "sign-in card", onsubmit: submit },
        element("h1", {}, "Sign in"),
        isBack ? element("p", { class: "notice", role: "status" }, "The session has ended.") : "",
        element("label", { for: "token" }, "Token"),
        token,
        element(
            "p",
            { id: "token-hint", class: "hint" },
            "The secret that ",
            element("code", {}, "fusebox token new"),
            " printed for a viewer or an operator. The browser does not store it.",
        ),
        fault,
        element("button", { class: "primary" }, "Sign in"),
    );
}
