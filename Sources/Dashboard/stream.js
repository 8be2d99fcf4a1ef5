// Follows the server's changes. `EventSource` would do most of this, but does not report the comments that a quiet
// stream sends as heartbeats.

import { address } from "./api.js";
import { everySecond, learn } from "./server-clock.js";

/** A stream sends something every 15 s. In ms: how long silence is normal, and when the connection is given up. */
const QUIET_MS = 20_000;
const DEAD_MS = 40_000;
/** The first and the longest pause before a reconnection, in ms. */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;
/** How long a hidden page keeps its connection, in ms: a browser has six for all pages of a server. */
const UNSEEN_MS = 60_000;

/** A stream of changes that resumes at its last position after a lost connection. */
export class Stream {
    /** `connecting`, `live`, `stale`, or `resting` while the page is hidden. */
    status = "connecting";
    #lastID = null;
    #lastSign = Date.now();
    /** When the current connection was begun, and since when the page is hidden. */
    #begunAt = Date.now();
    #unseenAt = null;
    #retryMs = RETRY_MS;
    #connection = null;
    #isStopped = false;
    /** Ends the pause before the next connection. */
    #wake = () => {};

    /**
     * @param {(change: object) => void} onChange gets each change, in order, and each `resync`
     * @param {() => void} onStatus called when the shown status may change
     * @param {() => void} onUnauthorized called when the server requires a token
     */
    constructor(onChange, onStatus, onUnauthorized) {
        this.onChange = onChange;
        this.onStatus = onStatus;
        this.onUnauthorized = onUnauthorized;
        this.stopWatch = everySecond(() => this.#watch());
        this.look = () => this.#wake();
        document.addEventListener("visibilitychange", this.look);
        addEventListener("online", this.look);
        this.#run();
    }

    /** The time since the last sign of life, in ms. */
    get silence() {
        return Date.now() - this.#lastSign;
    }

    stop() {
        this.#isStopped = true;
        this.stopWatch();
        document.removeEventListener("visibilitychange", this.look);
        removeEventListener("online", this.look);
        this.#connection?.abort();
        this.#wake();
    }

    async #run() {
        while (!this.#isStopped) {
            try {
                await this.#connect();
            } catch {
                // The connection is over for any reason. The next one resumes after the last known change.
            }
            if (this.#isStopped) return;
            this.#set("stale");
            await this.#pause(this.#retryMs);
            await this.#rest();
            this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
        }
    }

    /** Waits until the page is visible. */
    async #rest() {
        if (!this.#isUnseen) return;
        this.#set("resting");
        while (this.#isUnseen && !this.#isStopped) await this.#pause(UNSEEN_MS);
        this.#set("connecting");
    }

    #pause(ms) {
        return new Promise((resolve) => {
            this.#wake = resolve;
            setTimeout(resolve, ms);
        });
    }

    get #isUnseen() {
        if (!document.hidden) this.#unseenAt = null;
        else this.#unseenAt ??= Date.now();
        return this.#unseenAt !== null && Date.now() - this.#unseenAt > UNSEEN_MS;
    }

    async #connect() {
        this.#connection = new AbortController();
        this.#begunAt = Date.now();
        const response = await fetch(address("v1/events"), {
            headers: this.#lastID === null ? {} : { "last-event-id": this.#lastID },
            cache: "no-store",
            signal: this.#connection.signal,
        });
        if (response.status === 401 && !this.#isStopped) {
            this.stop();
            this.onUnauthorized();
        }
        if (!response.ok) return;
        learn(response.headers.get("date"));
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        const frames = new Frames((id, data) => this.#take(id, data));
        for (;;) {
            const { value, done } = await reader.read();
            if (done) return;
            this.#lastSign = Date.now();
            this.#retryMs = RETRY_MS;
            this.#set("live");
            frames.take(value);
        }
    }

    #take(id, data) {
        if (id !== null) this.#lastID = id;
        if (data !== "") this.onChange(JSON.parse(data));
    }

    #watch() {
        if (this.status === "live" && this.silence > QUIET_MS) this.#set("stale");
        // A connection may hang for ever, for example after this machine slept. Another connection may work.
        const isDead = Date.now() - Math.max(this.#lastSign, this.#begunAt) > DEAD_MS;
        if (isDead || this.#isUnseen) this.#connection?.abort();
        if (this.status === "stale") this.onStatus();
    }

    #set(status) {
        if (this.status === status) return;
        this.status = status;
        this.onStatus();
    }
}

/** Parses server-sent events (html.spec.whatwg.org, "Server-sent events"). */
class Frames {
    #rest = "";
    #id = null;
    #data = [];

    constructor(onFrame) {
        this.onFrame = onFrame;
    }

    take(text) {
        const lines = (this.#rest + text).split("\n");
        this.#rest = lines.pop();
        lines.forEach((line) => this.#line(line));
    }

    #line(line) {
        if (line === "") {
            this.onFrame(this.#id, this.#data.join("\n"));
            this.#data = [];
            return;
        }
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "id") this.#id = value;
        else if (field === "data") this.#data.push(value);
    }
}
