// The defaults that an empty field of a policy restores, as in `Policy.swift`.

import { valueWords } from "./format.js";

const defaults = {
    minimum_calls: 10,
    recovery_timeout_ms: 60_000,
    recovery_timeout_multiplier: 1,
    half_open_probes: 1,
    success_threshold: 1,
    probe_lease_ms: 30_000,
};
const WINDOW_MS = 60_000;
const RECOVERY_TIMEOUT_MAX_MS = 600_000;

/** The default of a field beside the other values of the policy; `null` if the empty field is off. */
function defaultOf(field, policy) {
    if (field === "window_ms") return policy.window_calls === null ? WINDOW_MS : null;
    if (field === "recovery_timeout_max_ms") {
        return Math.max(RECOVERY_TIMEOUT_MAX_MS, Number(policy.recovery_timeout_ms ?? 0) || 0);
    }
    return defaults[field] ?? null;
}

/** A value of the editor in words; an empty field as the value that the server gives it. */
export function editedWords(field, value, policy) {
    const restored = value === null ? defaultOf(field, policy) : null;
    return restored === null ? valueWords(field, value) : `default: ${valueWords(field, restored)}`;
}
