// The entry point: signs in, shows the page of the address, and runs the one stream that all pages share.

import { ask, onUnauthorized } from "./api.js";
import { BreakerPage } from "./breaker-page.js";
import { element } from "./dom.js";
import { clearCounts, showCounts, showStale, showStatus, showTitle } from "./header.js";
import { ListPage } from "./list-page.js";
import { onChange as onAddressChange, read } from "./page-address.js";
import { everySecond, whileSeen } from "./server-clock.js";
import { loadLabel, showLabel } from "./server-label.js";
import { load, showWho, signInForm } from "./session.js";
import { Stream } from "./stream.js";
import { zoneSwitch } from "./time-zone.js";

/** How often the page of one breaker requests the counts by state, in ms. */
const COUNTS_MS = 5_000;
/** How often a hidden page requests the counts, in ms. */
const UNSEEN_COUNTS_MS = 60_000;

const main = document.getElementById("main");
const countsNode = document.getElementById("counts");
const statusNode = document.getElementById("status");
const whoNode = document.getElementById("who");

let stream = null;
let page = null;
/** The list. It is kept while the page of one breaker is shown, so that the back button restores the position. */
let list = null;
let counts = null;

function setCounts(value) {
    counts = value ?? counts;
    showCounts(countsNode, counts, read());
}

/** Shows the page of the address. */
function show() {
    const { breaker, filter } = read();
    setCounts(null);
    if (breaker === null && page instanceof ListPage) {
        page.setFilter(filter);
        return;
    }
    if (breaker !== null && page instanceof BreakerPage && page.name === breaker) return;
    const isFirst = page === null;
    closeDialogs();
    page?.leave();
    if (breaker === null) {
        list ??= new ListPage(filter, setCounts);
        page = list;
        page.setFilter(filter);
    } else {
        page = new BreakerPage(breaker, list?.filter ?? {});
        askForCounts();
    }
    main.replaceChildren(page.node);
    page.enter();
    // After a link, screen readers announce the page, and the focus is at its start.
    if (!isFirst) main.focus({ preventScroll: true });
}

/** Closes the dialogs of a page that is left, for example with the browser's back button. */
function closeDialogs() {
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
}

/** Requests the counts, for a page whose other requests do not return them. */
async function askForCounts() {
    const { body } = await ask("GET", "v1/breakers", { query: { page_size: 1 } }).catch(() => ({ body: null }));
    // While the stream rests, only this request shows whether the server is reachable.
    if (stream?.status === "resting") showStale(body === null);
    if (body !== null) setCounts(body.counts);
}

function onChange(change) {
    page?.onChange(change);
    if (list !== page) list?.onChange(change);
}

/**
 * Hides all content after the user has signed out.
 *
 * @param {boolean} isExpelled whether the server ended the session
 */
function signOut(isExpelled) {
    closeDialogs();
    stream?.stop();
    page?.leave();
    list?.stop();
    stream = null;
    page = null;
    list = null;
    counts = null;
    clearCounts(countsNode);
    statusNode.replaceChildren();
    delete statusNode.dataset.status;
    start(isExpelled);
}

/** Starts the page for a signed-in user, or shows the form to sign in. */
async function start(isExpelled = false) {
    try {
        const [isKnown] = await Promise.all([load(), loadLabel()]);
        showLabel(document.getElementById("top"), document.getElementById("label"));
        showTitle();
        showWho(whoNode, () => signOut(false));
        if (!isKnown) {
            main.replaceChildren(signInForm(() => start(), isExpelled));
            document.getElementById("token").focus();
            return;
        }
    } catch (problem) {
        main.replaceChildren(element("p", { class: "notice fault", role: "alert" }, problem.message));
        if (problem.status === 0 || problem.status >= 500) setTimeout(start, 2000, isExpelled);
        return;
    }
    show();
    stream = new Stream(onChange, () => stream && showStatus(statusNode, stream), () => signOut(true));
    showStatus(statusNode, stream);
}

// The list restores its own scroll position.
history.scrollRestoration = "manual";
onUnauthorized(() => {
    if (stream !== null) signOut(true);
});
onAddressChange(() => {
    if (stream !== null) show();
});
document.getElementById("zone").append(zoneSwitch());
everySecond(() => page?.tick());
whileSeen(COUNTS_MS, () => page instanceof BreakerPage && askForCounts());
// The title of a hidden page shows the counts.
setInterval(() => document.hidden && page !== null && askForCounts(), UNSEEN_COUNTS_MS);
start();
