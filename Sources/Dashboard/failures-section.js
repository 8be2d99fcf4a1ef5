// The failures of a breaker: grouped, and one by one.

import { ask, pathOf } from "./api.js";
import { element, setText } from "./dom.js";
import { count, percent, time } from "./format.js";
import { PacedWork } from "./paced-work.js";
import { PagedRows } from "./paged-rows.js";
import { now } from "./server-clock.js";

const SIZE = 25;
const columns = ["Time", "Kind", "Reporter", "Duration", "Detail"];

export class FailuresSection {
    constructor(name) {
        this.name = name;
        this.summary = new PacedWork(() => this.#loadSummary());
        this.text = element("p", {});
        this.kinds = element("ul", { class: "shares" });
        this.reporters = element("ul", { class: "shares" });
        // Explicit roles, because a style sheet that changes a table's layout removes its semantics.
        this.rows = element("tbody", { role: "rowgroup" });
        const heads = columns.map((word) => element("th", { scope: "col", role: "columnheader" }, word));
        this.table = element(
            "table",
            { class: "failures", role: "table" },
            element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)),
            this.rows,
        );
        const container = element(
            "div",
            { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Individual failures" },
            this.table,
        );
        this.pages = new PagedRows({
            path: pathOf(name, "/failures"), member: "failures", size: SIZE, container,
            onRows: (rows, isFirst) => {
                if (isFirst) this.rows.replaceChildren();
                this.rows.append(...rows.map(row));
                container.hidden = this.rows.childElementCount === 0;
            },
        });
        this.node = element(
            "section",
            { class: "card", "aria-labelledby": "failures" },
            element("div", { class: "title" }, element("h2", { id: "failures" }, "Failures"), this.pages.newer),
            this.text,
            element(
                "div",
                { class: "groups", hidden: true },
                element("div", {}, element("h3", {}, "By kind"), this.kinds),
                element("div", {}, element("h3", {}, "By reporter"), this.reporters),
            ),
            container,
            this.pages.node,
        );
    }

    stop() {
        this.pages.stop();
        this.summary.stop();
    }

    load() {
        this.pages.load();
        this.summary.run();
    }

    async #loadSummary() {
        try {
            const { body } = await ask("GET", pathOf(this.name, "/failures/summary"));
            setText(this.text, body.failures === 0 ? "No failures are stored." : body.text);
            this.kinds.replaceChildren(...shares(body, body.kinds, (group) => group.kind ?? "no kind"));
            this.reporters.replaceChildren(
                ...shares(body, body.reporters, (group) => group.reporter ?? "no reporter"),
            );
            this.kinds.closest(".groups").hidden = body.failures === 0;
        } catch {
            // The page shows that the server is unreachable; the old content stays.
        }
    }
}

/** The groups, and the failures that are in none of the server's groups. */
function shares({ failures }, groups, name) {
    const rest = groups.reduce((left, group) => left - group.failures, failures);
    const others = rest > 0 ? [share("other", { failures: rest, share: rest / failures })] : [];
    return [...groups.map((group) => share(name(group), group)), ...others];
}

function share(name, { failures, share: part }) {
    const fill = element("span", { class: "fill" });
    fill.style.width = `${part * 100}%`;
    return element(
        "li",
        {},
        element("span", { class: "what" }, name),
        element("span", { class: "number" }, `${percent(part)} · ${count(failures)}`),
        element("span", { class: "bar", "aria-hidden": "true" }, fill),
    );
}

function row({ at, kind, reporter, duration_ms: took, count: times, detail }) {
    const text = times > 1 ? `${count(times)} × ${kind ?? "failure"}` : kind ?? "–";
    const cells = [text, reporter ?? "–", took === null ? "–" : `${count(took)} ms`, detail ?? ""];
    const when = element("time", { datetime: at, class: "number" }, time(at, now()));
    return element("tr", { role: "row" }, ...[when, ...cells].map((cell) => element("td", { role: "cell" }, cell)));
}
