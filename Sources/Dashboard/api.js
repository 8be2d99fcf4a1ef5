// Sends requests to the server. URLs are relative to the URL of this file, so that the page works below any path.

import { learn } from "./server-clock.js";

/**
 * How long a server may send nothing before the request is given up, in ms. Longer waits would use up the few
 * connections that a browser has per server. An answer that arrives piece by piece may take longer in all.
 */
const PATIENCE_MS = 15_000;

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
        text = await readText(response, () => patience.renew());
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

/** Ends a request after `PATIENCE_MS` in which nothing arrived. */
class Patience {
    #controller = new AbortController();
    #timer = null;

    constructor() {
        this.renew();
    }

    get signal() {
        return this.#controller.signal;
    }

    renew() {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#controller.abort(), PATIENCE_MS);
    }

    end() {
        clearTimeout(this.#timer);
    }
}

/** Reads the text of an answer, and calls `onPiece` whenever a piece of it arrives. */
async function readText(response, onPiece) {
    onPiece();
    if (response.body === null) return "";
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
        const { value, done } = await reader.read();
        if (done) return text;
        onPiece();
        text += value;
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
