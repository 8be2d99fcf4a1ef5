// How urgently a breaker needs an operator: the order of the list, equal to the server's `sort=attention`.

/** The rule that is nearest to tripping; `null` if no rule is active. */
export function nearestRule(breaker) {
    const rules = breaker.rules ?? [];
    return rules.reduce((best, rule) => (best === null || rule.progress > best.progress ? rule : best), null);
}

const ranks = { open: 1, half_open: 2, closed: 3 };

function rank(breaker) {
    return breaker.override ? 0 : ranks[breaker.state];
}

function nearness(breaker) {
    const rule = breaker.override || breaker.state !== "closed" ? null : nearestRule(breaker);
    return rule === null ? 0 : rule.progress;
}

/** The breakers by urgency: overridden, open, half open, then the nearest to tripping. */
export function byAttention(breakers) {
    // Make each key once, not for each comparison: there may be ten thousand breakers.
    return breakers
        .map((breaker) => ({ breaker, rank: rank(breaker), nearness: nearness(breaker) }))
        .sort((left, right) =>
            left.rank - right.rank || right.nearness - left.nearness || compareNames(left.breaker, right.breaker),
        )
        .map(({ breaker }) => breaker);
}

export function byName(breakers) {
    return breakers.sort(compareNames);
}

/** Compares names by their bytes, because names are ASCII. */
function compareNames(left, right) {
    return left.name < right.name ? -1 : Number(left.name > right.name);
}
