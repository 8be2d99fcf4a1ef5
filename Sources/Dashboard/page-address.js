// The page's address. It holds the breaker or the filter of the list, so that a page can be shared and the back button
// works.

const filters = ["q", "state", "override", "sort"];

export function read() {
    const query = new URLSearchParams(location.search);
    const part = Object.fromEntries(filters.map((key) => [key, query.get(key) ?? ""]));
    return { breaker: query.get("breaker"), filter: part };
}

/** The address of the list with this filter, for a link. */
export function list(filter) {
    const query = new URLSearchParams();
    for (const key of filters) {
        if (filter[key]) query.set(key, filter[key]);
    }
    return `?${query}`;
}

/**
 * Navigates to an address.
 *
 * @param {boolean} replaces whether to replace the history entry, as while the user types
 */
export function go(address, replaces = false) {
    history[replaces ? "replaceState" : "pushState"](null, "", address);
    dispatchEvent(new Event("addresschange"));
}

/** Calls `listener` whenever the address changes, for whatever reason. */
export function onChange(listener) {
    addEventListener("popstate", listener);
    addEventListener("addresschange", listener);
    document.addEventListener("click", (event) => {
        const link = event.target.closest("a[data-link]");
        // Let the browser open a link in another tab or window.
        if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(link.getAttribute("href"));
    });
}
