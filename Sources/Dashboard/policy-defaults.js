// The defaults of the fields of a policy, as in `Policy.swift`.

import { valueWords } from "./format.js";

/** The defaults that do not depend on other fields. A field that is not here is off. */
const defaults = {
    failure_threshold: 5,
    minimum_calls: 10,
    recovery_timeout_ms: 60_000,
    recovery_timeout_multiplier: 1,
    half_open_probes: 1,
    success_threshold: 1,
    probe_lease_ms: 30_000,
};
const WINDOW_MS = 60_000;
const RECOVERY_TIMEOUT_MAX_MS = 600_000;

/** The default of a field beside the other values of the policy; `null` if it is off. */
export function defaultOf(field, policy) {
    if (field === "window_ms") return policy.window_calls === null ? WINDOW_MS : null;
    if (field === "recovery_timeout_max_ms") {
        return Math.max(RECOVERY_TIMEOUT_MAX_MS, Number(policy.recovery_timeout_ms ?? 0) || 0);
    }
    return defaults[field] ?? null;
}

/** A value of the editor in words; an empty field as the value that the server gives it. */
export function editedWords(field, value, policy) {
    // An empty rule is off, even the one that is on by default.
    const isRestored = value === null && field !== "failure_threshold";
    const restored = isRestored ? defaultOf(field, policy) : null;
    return restored === null ? valueWords(field, value) : `default: ${valueWords(field, restored)}`;
}
