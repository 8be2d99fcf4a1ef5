// The last hour of a breaker as a word-sized chart: failures above, denials below, and a faint line for calls.

import { svg } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 28;

/**
 * @param {{successes: number[], failures: number[], denied: number[]}|undefined} history oldest first
 * @returns {SVGElement} an image with a text alternative
 */
export function sparkline(history) {
    const image = svg("svg", {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "sparkline", role: "img", preserveAspectRatio: "none",
        "aria-label": history ? words(history) : "no history",
    });
    if (!history) return image;
    const columns = history.successes.map((successes, index) => ({
        successes, failures: history.failures[index], denied: history.denied[index],
    }));
    const highest = Math.max(1, ...columns.map((column) => column.successes + column.failures + column.denied));
    const width = WIDTH / columns.length;
    columns.forEach((column, index) => {
        let bottom = HEIGHT;
        for (const kind of ["successes", "failures", "denied"]) {
            const value = column[kind];
            if (!value) continue;
            // Even a relatively small number is visible.
            const height = Math.max(1.5, (value / highest) * HEIGHT);
            bottom -= height;
            image.append(svg("rect", { class: kind, x: index * width, y: bottom, width: width * 0.8, height }));
        }
    });
    return image;
}

function words(history) {
    const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
    const failures = sum(history.failures);
    const calls = failures + sum(history.successes);
    return `last hour: ${failures} of ${calls} calls failed, ${sum(history.denied)} denied`;
}
