// A worker whose calls ask Fusebox first. Each line of its input is a job: the URL to call.

import { createInterface } from "node:readline";

const FUSEBOX = process.env.FUSEBOX_URL ?? "http://127.0.0.1:7979";
const HEADERS = process.env.FUSEBOX_TOKEN ? { authorization: `Bearer ${process.env.FUSEBOX_TOKEN}` } : {};
const TIMEOUT_MS = Math.round(Number(process.env.FUSEBOX_TIMEOUT ?? 0.3) * 1000); // how long a call waits for Fusebox
const CALL_TIMEOUT_MS = 5000; // less than the lease of a probe, `lease_ms`
const FIRST_PAUSE_MS = 1000; // while Fusebox does not answer, it is asked less and less often
const LAST_PAUSE_MS = 30000;

let pause = FIRST_PAUSE_MS;
let resume = 0;
let complaint;

class Denied extends Error {}
class HTTPError extends Error {
    constructor(status) {
        super(`HTTP ${status}`);
        this.status = status;
    }
}

/** Sends an acquire or a report. Returns {} if there is no decision: the call then goes through. */
async function ask(event, fields) {
    if (performance.now() < resume) return {};
    const url = `${FUSEBOX}/v1/breakers/payments/${event}` + (fields ? `?${new URLSearchParams(fields)}` : "");
    try {
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        const response = await fetch(url, { method: "POST", headers: HEADERS, signal });
        const text = await response.text();
        if (!response.ok) throw new HTTPError(response.status);
        const answer = JSON.parse(text);
        [pause, complaint] = [FIRST_PAUSE_MS, undefined];
        return answer;
    } catch (error) {
        const problem = error.cause?.message || error.message;
        if ((error.status ?? 500) >= 500) { // no answer; a 401 or a 403 is one
            [resume, pause] = [performance.now() + pause, Math.min(2 * pause, LAST_PAUSE_MS)];
        }
        if (problem !== complaint) console.error(`no decision from Fusebox: ${problem}`);
        complaint = problem;
        return {};
    }
}

/** Returns the outcome and the kind: `failure` only if the downstream is at fault. */
function classify(error) {
    if (error instanceof HTTPError) return error.status >= 500 ? ["failure", `http_${error.status}`] : ["ignored", ""];
    if (error.name === "TimeoutError") return ["failure", "timeout"];
    // `fetch` throws a TypeError whose cause has a code if the network fails, and also for an invalid URL.
    const code = error instanceof TypeError ? error.cause?.code : undefined;
    const isNetwork = code !== undefined && code !== "ERR_INVALID_URL";
    return isNetwork ? ["failure", "connection"] : ["ignored", ""];
}

async function protect(call) {
    const decision = await ask("acquire");
    if (decision.allowed === false) throw new Denied(`retry in ${decision.retry_after_ms ?? "?"} ms`);
    const began = performance.now();
    let [outcome, kind] = ["success", ""];
    try {
        return await call();
    } catch (error) {
        [outcome, kind] = classify(error);
        throw error;
    } finally {
        const duration_ms = Math.round(performance.now() - began);
        if (decision.permit) await ask("report", { permit: decision.permit, outcome, kind, duration_ms });
    }
}

async function charge(url) {
    const response = await fetch(url, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    await response.arrayBuffer();
    if (!response.ok) throw new HTTPError(response.status);
    return response.status;
}

for await (const line of createInterface({ input: process.stdin })) {
    try {
        console.log("done:", await protect(() => charge(line)));
    } catch (error) {
        console.log(error instanceof Denied ? "denied:" : "failed:", error.message);
    }
}
