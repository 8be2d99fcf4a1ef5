// What the page's address says: which breaker, or which part of the list. So it can be shared, and the way back works.

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
 * Has the page show what an address says.
 *
 * @param {boolean} replaces whether the way back passes over what is shown, as while one types
 */
export function go(address, replaces = false) {
    history[replaces ? "replaceState" : "pushState"](null, "", address);
    dispatchEvent(new Event("addresschange"));
}

/** Calls `listener` whenever the address is another, by whatever way. */
export function onChange(listener) {
    addEventListener("popstate", listener);
    addEventListener("addresschange", listener);
    document.addEventListener("click", (event) => {
        const link = event.target.closest("a[data-link]");
        // Whoever wants a tab of its own gets it.
        if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(link.getAttribute("href"));
    });
}
