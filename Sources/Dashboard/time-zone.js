// The time zone of all times on the page.

import { element } from "./dom.js";

const KEY = "time-zone";
const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zone in which the page formats times: the browser's, or UTC if the user chose it. */
export function timeZone() {
    return isUTC() ? "UTC" : own;
}

function isUTC() {
    try {
        return localStorage.getItem(KEY) === "UTC";
    } catch {
        // The user does not allow the page to store anything.
        return false;
    }
}

/** Shows the time zone, and switches between the browser's zone and UTC. The choice is kept in this browser. */
export function zoneSwitch() {
    if (own === "UTC") return element("span", {}, own);
    const choose = () => {
        try {
            if (select.value === "UTC") localStorage.setItem(KEY, "UTC");
            else localStorage.removeItem(KEY);
        } catch {
            // Without storage there is only the browser's zone.
        }
        // Every text with a time changes, on each page and in each chart.
        location.reload();
    };
    const option = (zone) => element("option", { value: zone, selected: zone === timeZone() }, zone);
    const select = element("select", { "aria-label": "Time zone", onchange: choose }, option(own), option("UTC"));
    return select;
}
