// Values as text. Numbers have the same format in every language, as in the API's texts.

import { timeZone } from "./time-zone.js";

const whole = new Intl.NumberFormat("en");

export const stateWord = { closed: "Closed", open: "Open", half_open: "Half open" };
export const overrideWord = { force_open: "Forced open", force_closed: "Forced closed", shadow: "Shadow" };

export const causeWord = {
    recovery_timeout: "the recovery time-out passed",
    probe_failed: "a probe failed",
    probes_succeeded: "probes succeeded",
    reset: "reset",
    override_set: "override set",
    override_cleared: "override cleared",
    override_expired: "override expired",
};

export function count(number) {
    return number === null || number === undefined ? "–" : whole.format(number);
}

/** `0.824` as `82 %`. */
export function percent(share) {
    if (share === null || share === undefined) return "–";
    const value = share * 100;
    return `${value > 0 && value < 10 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}

/** A rate per second, with one decimal below 10. */
export function perSecond(number) {
    if (number === null || number === undefined) return "–";
    if (number === 0) return "0";
    return number < 10 ? number.toFixed(1) : whole.format(Math.round(number));
}

/** `200000` as `3 min 20 s`: the two largest units only. */
export function duration(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    const parts = [
        [Math.floor(seconds / 86400), "d"],
        [Math.floor(seconds / 3600) % 24, "h"],
        [Math.floor(seconds / 60) % 60, "min"],
        [seconds % 60, "s"],
    ];
    const first = parts.findIndex(([value]) => value > 0);
    if (first < 0) return "0 s";
    return parts.slice(first, first + 2).filter(([value]) => value > 0).map(([value, unit]) => `${value} ${unit}`)
        .join(" ");
}

/** Like `duration`, for configured durations, which may have fractions of a second. */
export function exactDuration(ms) {
    return ms % 1000 === 0 ? duration(ms) : `${whole.format(ms)} ms`;
}

const unitMs = { d: 86_400_000, h: 3_600_000, min: 60_000, m: 60_000, s: 1_000, ms: 1 };

/** `1h30m` or `1 min 30 s` in ms; `NaN` for any other text. */
export function durationMs(text) {
    if (!/^(\d+ ?(d|h|min|m|s|ms) ?)+$/.test(text)) return NaN;
    const parts = [...text.matchAll(/(\d+) ?([a-z]+)/g)];
    return parts.reduce((sum, [, number, unit]) => sum + Number(number) * unitMs[unit], 0);
}

/** `1h30m`, `1 min 30 s` or `50 %` as the number of a policy's field; `NaN` for any other text. */
export function numberWithUnit(field, text) {
    if (field.endsWith("_rate_threshold")) {
        const share = /^(\d+(?:\.\d+)?) ?%$/.exec(text);
        return share === null ? NaN : Number(share[1]) / 100;
    }
    return field.endsWith("_ms") ? durationMs(text) : NaN;
}

/** A value of a policy as readable text. */
export function valueWords(field, value) {
    if (value === null || value === undefined) return "off";
    // A value that is not a number comes from user input, and the server refuses it.
    if (typeof value !== "number") return String(value);
    if (field.endsWith("_ms")) return exactDuration(value);
    if (field.endsWith("_rate_threshold")) return percent(value);
    return String(value);
}

const zoned = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: timeZone(), ...options });
const clock = zoned({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shortClock = zoned({ hour: "2-digit", minute: "2-digit" });
const day = zoned({ day: "numeric", month: "short" });
const date = zoned({ dateStyle: "short" });

/** An instant in the page's time zone: the time, and the day if it is not today. */
export function time(instant, now) {
    const at = new Date(instant);
    const isToday = date.format(at) === date.format(new Date(now));
    return isToday ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
}

/**
 * A text of the server in the page's time zone: the server writes `14:02:11 UTC (3 s ago)`, with the date if it is
 * another day. The words of operators in the text stay as they are.
 * @param {string} written when the server wrote the text
 */
export function zonedText(text, written) {
    return text.replace(/(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d:\d\d) UTC(?= \((?:in \d|\d+ \w+ (?:\d+ \w+ )?ago))/g, (original, date, clock) => {
        const at = Date.parse(`${date ?? written.slice(0, 10)}T${clock}Z`);
        return Number.isNaN(at) ? original : time(at, Date.parse(written));
    });
}

/** `time` without seconds, for axes. */
export function shortTime(instant, withDay) {
    const at = new Date(instant);
    return withDay ? `${day.format(at)} ${shortClock.format(at)}` : shortClock.format(at);
}

/** A short text for a failure: `timeout from checkout-7`. */
export function failureWords(failure) {
    if (!failure) return "none";
    const kind = failure.kind ?? "failure";
    return failure.reporter ? `${kind} from ${failure.reporter}` : kind;
}

/** A rule's numbers as text: `4 of 5 in a row`. */
export function ruleWords(rule) {
    switch (rule.field) {
        case "failure_threshold":
            return `${count(rule.observed ?? 0)} of ${count(rule.threshold)} in a row`;
        case "failure_count_threshold":
            return `${count(rule.observed ?? 0)} of ${count(rule.threshold)} failures`;
        default: {
            const what = rule.field === "slow_call_rate_threshold" ? "slow" : "failed";
            const share = `${percent(rule.observed ?? 0)} of ${percent(rule.threshold)} ${what}`;
            const isEarly = rule.minimum_calls !== null && rule.calls < rule.minimum_calls;
            return isEarly ? `${share}, ${rule.calls} of ${rule.minimum_calls} calls` : share;
        }
    }
}
