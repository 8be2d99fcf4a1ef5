// What stands above every page: how many breakers are in what state, and whether what is shown is live.

import { list } from "./address.js";
import { icon } from "./badge.js";
import { announce, element, setClass, setText } from "./dom.js";
import { count, duration } from "./format.js";

const entries = [
    { key: "total", word: "all", filter: { state: "", override: "" } },
    { key: "overridden", word: "overridden", icon: "force_open", filter: { state: "", override: "any" } },
    { key: "open", word: "open", icon: "open", filter: { state: "open", override: "" } },
    { key: "half_open", word: "half open", icon: "half_open", filter: { state: "half_open", override: "" } },
    { key: "closed", word: "closed", icon: "closed", filter: { state: "closed", override: "" } },
];

/** Shows how many there are of each, as links to them. Links that are there stay: one may have the focus. */
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
    entries.forEach((entry, place) => {
        const link = node.children[place];
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

/** What the page is about, and whether it may be out of date. */
let what = null;
let isStale = false;

function showTitle() {
    document.title = [isStale ? "stale" : null, what, "Fusebox"].filter((part) => part !== null).join(" · ");
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

const words = { connecting: "connecting…", live: "live", resting: "resting" };
const spoken = { live: "Live.", stale: "The connection is lost. What is shown may be out of date." };

/** Shows whether the stream lives. What changes every second is not read out. */
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
