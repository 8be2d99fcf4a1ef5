// The header of every page: the counts by state, and whether the content is live.

import { announce, element, setClass, setText } from "./dom.js";
import { count, duration } from "./format.js";
import { list } from "./page-address.js";
import { serverName } from "./server-label.js";
import { icon } from "./state-badges.js";

const entries = [
    { key: "total", word: "all", filter: { state: "", override: "" } },
    { key: "overridden", word: "overridden", icon: "force_open", filter: { state: "", override: "any" } },
    { key: "open", word: "open", icon: "open", filter: { state: "open", override: "" } },
    { key: "half_open", word: "half open", icon: "half_open", filter: { state: "half_open", override: "" } },
    { key: "closed", word: "closed", icon: "closed", filter: { state: "closed", override: "" } },
];

/** Shows the counts as links to the lists. Existing links stay, because one may have the focus. */
export function showCounts(node, counts, { filter, breaker }) {
    if (node.childElementCount === 0) {
        node.append(
            ...entries.map((entry) =>
                element(
                    "a",
                    { "data-link": true },
                    entry.icon ? icon(entry.icon) : "",
                    element("strong", {}),
                    ` ${entry.word}`,
                ),
            ),
        );
    }
    entries.forEach((entry, index) => {
        const link = node.children[index];
        const number = counts?.[entry.key];
        setText(link.querySelector("strong"), count(number));
        link.setAttribute("href", list({ ...filter, ...entry.filter }));
        const isSame = entry.filter.state === filter.state && entry.filter.override === filter.override;
        const isShown = breaker === null && isSame;
        if (isShown) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
        setClass(link, number ? `count ${entry.key} some` : `count ${entry.key}`);
    });
    what = breaker ?? (counts?.open ? `${counts.open} open` : null);
    showTitle();
}

/** The subject of the page, and whether the page may be out of date. */
let what = null;
let isStale = false;

export function showTitle() {
    const parts = [isStale ? "stale" : null, what, serverName(), "Fusebox"];
    document.title = parts.filter((part) => part !== null).join(" · ");
}

export function showStale(value) {
    isStale = value;
    showTitle();
}

export function clearCounts(node) {
    node.replaceChildren();
    what = null;
    showStale(false);
}

const words = { connecting: "connecting…", live: "live", resting: "paused" };
const spoken = { live: "Live.", stale: "The connection is lost. The page may be out of date." };

/** Shows the status of the stream. Screen readers do not announce the part that changes every second. */
export function showStatus(node, stream) {
    const text = stream.status === "stale" ? `stale for ${duration(stream.silence)}` : words[stream.status];
    if (node.dataset.status !== stream.status) {
        const before = node.dataset.status;
        node.dataset.status = stream.status;
        setClass(node, `status ${stream.status}`);
        node.replaceChildren(element("span", { class: "dot", "aria-hidden": "true" }), element("span", {}));
        if (before && spoken[stream.status]) announce(spoken[stream.status]);
        showStale(stream.status === "stale");
    }
    setText(node.lastChild, text);
}
