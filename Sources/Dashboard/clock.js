// The server's clock is the only clock: a countdown must not depend on how this machine's is set.

let offset = 0;
const listeners = new Set();

/** Takes the server's time from an answer's `date`, which tells whole seconds. */
export function learn(date) {
    const server = Date.parse(date);
    if (Number.isNaN(server)) return;
    const difference = server + 500 - Date.now();
    // Within what a whole second leaves open, what is known is as good.
    if (Math.abs(difference - offset) > 1000) offset = difference;
}

/** Milliseconds since 1970 by the server's clock. */
export function now() {
    return Date.now() + offset;
}

/**
 * Calls `listener` every so many milliseconds while the page is looked at, and as soon as it is looked at again.
 * Returns what ends that.
 */
export function whileSeen(ms, listener) {
    const call = () => document.hidden || listener();
    const timer = setInterval(call, ms);
    document.addEventListener("visibilitychange", call);
    return () => {
        clearInterval(timer);
        document.removeEventListener("visibilitychange", call);
    };
}

/** Calls `listener` once a second. Returns what ends that. */
export function everySecond(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

setInterval(() => listeners.forEach((listener) => listener()), 1000);
