// Follows the server's changes. `EventSource` would do most of it, but tells nothing of the comments by which a quiet
// stream shows that it lives.

import { address } from "./api.js";
import { everySecond, learn } from "./clock.js";

/** A stream says something every 15 s; in ms, how long silence is no sign of anything, and when it is given up. */
const QUIET_MS = 20_000;
const DEAD_MS = 40_000;
/** How long to wait before connecting again: the first time, and at most; in ms. */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;
/** How long a page that nobody sees keeps its connection, in ms: a browser has six for all pages of a server. */
const UNSEEN_MS = 60_000;

/** A stream of changes that is taken up where it was left, whatever happens to the connection. */
export class Stream {
    /** `connecting`, `live`, `stale`, or `resting` while nobody sees the page. */
    status = "connecting";
    #lastID = null;
    #lastSign = Date.now();
    /** When the present connection was begun, and since when nobody sees the page. */
    #begunAt = Date.now();
    #unseenAt = null;
    #retryMs = RETRY_MS;
    #connection = null;
    #isStopped = false;
    /** Ends a wait for the next connection. */
    #wake = () => {};

    /**
     * @param {(change: object) => void} onChange gets each change, in order, and each `resync`
     * @param {() => void} onStatus is called where the status may show differently
     * @param {() => void} onUnauthorized is called where the server wants a token
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

    /** How long nothing was heard, in ms. */
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
                // Whatever it was, it is over; what was missed comes behind the last change that is known.
            }
            if (this.#isStopped) return;
            this.#set("stale");
            await this.#pause(this.#retryMs);
            await this.#rest();
            this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
        }
    }

    /** Waits until the page is seen. */
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
        // The connection may hang without an end, as behind a sleep of this machine; another one may not.
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

/** Takes server-sent events apart (html.spec.whatwg.org, "Server-sent events"). */
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
