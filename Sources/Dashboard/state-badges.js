// A state as an icon and a word, so that its colour is never the only sign.

import { element, setClass, svg } from "./dom.js";
import { overrideWord, stateWord } from "./format.js";

const icons = {
    closed: ["M3 8.5 6.5 12 13 4.5"],
    open: ["M4 4 12 12", "M12 4 4 12"],
    half_open: ["M8 2.5 A5.5 5.5 0 0 1 8 13.5 Z", "M8 2.5 A5.5 5.5 0 0 0 8 13.5"],
    force_open: ["M4.5 7.5 H11.5 V13 H4.5 Z", "M6 7.5 V5 A2 2 0 0 1 10 5 V7.5"],
    force_closed: ["M4.5 7.5 H11.5 V13 H4.5 Z", "M6 7.5 V5 A2 2 0 0 1 10 5 V7.5"],
    shadow: ["M1.5 8 Q8 1.5 14.5 8 Q8 14.5 1.5 8 Z", "M8 6.2 A1.8 1.8 0 1 0 8 9.8 A1.8 1.8 0 1 0 8 6.2"],
    unstable: ["M1.5 8 H4 L6 3.5 L9.5 12.5 L11.5 8 H14.5"],
};

export function icon(name) {
    return svg(
        "svg",
        { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" },
        ...icons[name].map((d) => svg("path", { d })),
    );
}

function badge(name, word) {
    return element("span", { class: `badge ${name}` }, icon(name), element("span", {}, word));
}

/** The state that callers see: the override if it forces one, otherwise the breaker's state. */
export function effective(breaker) {
    const mode = breaker.override?.mode;
    return mode === "force_open" || mode === "force_closed" ? mode : breaker.state;
}

/** Shows the badges of a breaker in `node`, and changes only those that differ. */
export function showBadges(node, breaker) {
    const names = [effective(breaker)];
    if (breaker.override?.mode === "shadow") names.push("shadow");
    if (breaker.unstable) names.push("unstable");
    const key = names.join(" ");
    if (node.dataset.badges === key) return;
    node.dataset.badges = key;
    node.replaceChildren(...names.map((name) => badge(name, stateWord[name] ?? overrideWord[name] ?? "Unstable")));
}

/** A bar that shows how near a rule is to tripping. The text next to it says the same. */
export function bar() {
    const fill = element("span", { class: "fill" });
    const node = element("span", { class: "bar", "aria-hidden": "true" }, fill);
    return {
        node,
        set(share) {
            const width = Math.min(1, Math.max(0, share));
            fill.style.width = `${width * 100}%`;
            setClass(node, width >= 0.8 ? "bar near" : width >= 0.5 ? "bar half" : "bar");
        },
    };
}

