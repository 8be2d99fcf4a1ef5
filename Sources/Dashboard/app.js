// The beginning: who is there, what the address asks for, and the one stream that all pages share.

import { onChange as onAddressChange, read } from "./address.js";
import { ask, onUnauthorized } from "./api.js";
import { BreakerPage } from "./breaker.js";
import { everySecond, whileSeen } from "./clock.js";
import { element } from "./dom.js";
import { clearCounts, showCounts, showStale, showStatus } from "./header.js";
import { ListPage } from "./list.js";
import { load, showWho, signInForm } from "./session.js";
import { Stream } from "./stream.js";

/** How often a page of one breaker asks how many there are of each state, in ms. */
const COUNTS_MS = 5_000;
/** And how often any page does that nobody sees. */
const UNSEEN_COUNTS_MS = 60_000;

const main = document.getElementById("main");
const countsNode = document.getElementById("counts");
const statusNode = document.getElementById("status");
const whoNode = document.getElementById("who");

let stream = null;
let page = null;
/** Stays when one breaker is looked at, so that the way back leads to where one was. */
let list = null;
let counts = null;

function setCounts(value) {
    counts = value ?? counts;
    showCounts(countsNode, counts, read());
}

/** Shows what the address asks for. */
function show() {
    const { breaker, filter } = read();
    setCounts(null);
    if (breaker === null && page instanceof ListPage) {
        page.setFilter(filter);
        return;
    }
    if (breaker !== null && page instanceof BreakerPage && page.name === breaker) return;
    const isFirst = page === null;
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
    // Who came by a link is told of the other page, and goes on from its beginning.
    if (!isFirst) main.focus({ preventScroll: true });
}

/** For a page that does not list: the counts follow from nothing that it asks for. */
async function askForCounts() {
    const { body } = await ask("GET", "v1/breakers", { query: { page_size: 1 } }).catch(() => ({ body: null }));
    // While the stream rests nothing else tells whether there is a server.
    if (stream?.status === "resting") showStale(body === null);
    if (body !== null) setCounts(body.counts);
}

function onChange(change) {
    page?.onChange(change);
    if (list !== page) list?.onChange(change);
}

/**
 * Shows nothing any more to who has left.
 *
 * @param {boolean} isExpelled whether the server has them leave
 */
function signOut(isExpelled) {
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
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

/** Begins with whoever is there, or asks who is. */
async function start(isExpelled = false) {
    try {
        const isKnown = await load();
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

// The list knows better where it was left.
history.scrollRestoration = "manual";
onUnauthorized(() => {
    if (stream !== null) signOut(true);
});
onAddressChange(() => {
    if (stream !== null) show();
});
everySecond(() => page?.tick());
whileSeen(COUNTS_MS, () => page instanceof BreakerPage && askForCounts());
// The title tells them to who has the page behind others.
setInterval(() => document.hidden && page !== null && askForCounts(), UNSEEN_COUNTS_MS);
start();
