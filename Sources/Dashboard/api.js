// Sends requests to the server. URLs are relative to the URL of this file, so that the page works below any path.

import { learn } from "./server-clock.js";

/**
 * How long the server may take to begin an answer, and to send the rest of it, in ms. Longer waits would use up the few
 * connections that a browser has per server. On a slow network a list takes long, and it would not be shorter if it were
 * requested again.
 */
const BEGIN_MS = 15_000;
const REST_MS = 60_000;

const base = new URL("../", import.meta.url);

/** The server's address for use in a shell, without a trailing slash. */
export const serverAddress = base.href.replace(/\/$/, "");

/** A failed request: the server's problem document, or an unreachable server (`status` 0). */
export class Problem extends Error {
    constructor(status, document) {
        super(document.detail);
        this.status = status;
        this.code = document.code;
        /** `{field, detail}` for each faulty field. */
        this.faults = document.errors ?? [];
    }
}

let unauthorized = () => {};

/** Sets the listener for answers that require a token. */
export function onUnauthorized(listener) {
    unauthorized = listener;
}

export function address(path, query = {}) {
    const url = new URL(path, base);
    for (const [key, value] of Object.entries(query)) {
        if (value !== null && value !== undefined && value !== "") url.searchParams.set(key, value);
    }
    return url;
}

/**
 * Sends a request and reads its answer.
 *
 * @returns {Promise<{body: object|null, tag: string|null}>} the document, and the `etag` of the policy
 * @throws {Problem}
 */
export async function ask(method, path, { query, body, fields } = {}) {
    const patience = new Patience();
    patience.wait(BEGIN_MS);
    let response;
    let text;
    try {
        response = await fetch(address(path, query), {
            method,
            headers: fields ?? {},
            body: body === undefined ? undefined : JSON.stringify(body),
            cache: "no-store",
            signal: patience.signal,
        });
        patience.wait(REST_MS);
        text = await response.text();
    } catch {
        throw new Problem(0, { code: "unreachable", detail: "The server does not answer." });
    } finally {
        patience.end();
    }
    learn(response.headers.get("date"));
    const document = read(text);
    if (!response.ok) {
        if (response.status === 401 && path !== "v1/session") unauthorized();
        const reason = { detail: `The server answered ${response.status}.` };
        throw new Problem(response.status, document?.detail ? document : reason);
    }
    if (text !== "" && document === null) {
        const detail = "The answer is not JSON, so it does not come from Fusebox. Check the proxy in front of it.";
        throw new Problem(0, { code: "unreachable", detail });
    }
    return { body: document, tag: response.headers.get("etag") };
}

/** Gives a request up after a time. */
class Patience {
    #controller = new AbortController();
    #timer = null;

    get signal() {
        return this.#controller.signal;
    }

    wait(ms) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#controller.abort(), ms);
    }

    end() {
        clearTimeout(this.#timer);
    }
}

/** Parses a document; `null` if there is none, or if a proxy sent a page instead. */
function read(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

/** The path of a breaker. */
export function pathOf(name, rest = "") {
    return `v1/breakers/${encodeURIComponent(name)}${rest}`;
}
