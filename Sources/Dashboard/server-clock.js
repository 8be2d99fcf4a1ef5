// The page uses the server's clock only, so that countdowns do not depend on the clock of this machine.

let offset = 0;
const listeners = new Set();

/** Learns the server's time from an answer's `date`, which has whole seconds. */
export function learn(date) {
    const server = Date.parse(date);
    if (Number.isNaN(server)) return;
    const difference = server + 500 - Date.now();
    // A difference of up to a second may come from the rounding, so the known offset stays.
    if (Math.abs(difference - offset) > 1000) offset = difference;
}

/** The time in ms since 1970, by the server's clock. */
export function now() {
    return Date.now() + offset;
}

/**
 * Calls `listener` every `ms` milliseconds while the page is visible, and as soon as it becomes visible again.
 * Returns a function that ends this.
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

/** Calls `listener` once a second. Returns a function that ends this. */
export function everySecond(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

setInterval(() => listeners.forEach((listener) => listener()), 1000);
