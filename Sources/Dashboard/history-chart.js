// Draws the outcomes of calls upwards and denials downwards, so that an open period is easy to see.

import { svg } from "./dom.js";
import { count, shortTime } from "./format.js";

const HEIGHT = 190;
const LEFT = 44;
const TOP = 8;
const BOTTOM = 22;
/** The kinds that are drawn upwards and downwards from the line. */
const above = ["successes", "ignored", "failures"];
const below = ["denied"];

function sum(point, kinds) {
    return kinds.reduce((total, kind) => total + point[kind], 0);
}

/** A number at or above `value` that is easy to read on an axis. */
function roundUp(value) {
    const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
    return [1, 2, 5, 10].map((factor) => factor * power).find((number) => number >= value);
}

/**
 * @param {object} history the history from the server
 * @param {number} width the available width, in px
 * @param {number|null} chosen the index of the selected point
 * @returns {SVGElement}
 */
export function chart({ points, step_ms: step }, width, chosen) {
    const up = roundUp(Math.max(1, ...points.map((point) => sum(point, above))));
    const down = Math.max(0, ...points.map((point) => sum(point, below)));
    const inner = HEIGHT - TOP - BOTTOM;
    // Denials have their own scale, because an open breaker denies every call.
    const lower = down > 0 ? inner * 0.25 : 0;
    const line = TOP + inner - lower;
    const column = (width - LEFT) / points.length;
    const image = svg("svg", {
        viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, class: "chart", "aria-hidden": "true",
    });
    const draw = (kind, index, y, height) => {
        const x = LEFT + index * column;
        image.append(svg("rect", { class: kind, x, y, width: Math.max(1, column * 0.82), height }));
    };
    points.forEach((point, index) => {
        if (index === chosen) draw("chosen", index, TOP, inner);
        let top = line;
        for (const kind of above.filter((kind) => point[kind] > 0)) {
            // Even the smallest number is visible.
            const height = Math.max(1.5, (point[kind] / up) * (line - TOP));
            top -= height;
            draw(kind, index, Math.max(TOP, top), height);
        }
        if (point.slow > 0) draw("slow", index, line - Math.max(1.5, (point.slow / up) * (line - TOP)), 1.5);
        if (point.denied > 0) draw("denied", index, line + 1, Math.max(1.5, (point.denied / down) * (lower - 2)));
    });
    image.append(...axes(points, step, { width, column, line, up, down, lower }));
    return image;
}

function axes(points, step, { width, column, line, up, down, lower }) {
    const text = (x, y, content, anchor = "end") => svg("text", { x, y, "text-anchor": anchor }, content);
    const parts = [
        svg("line", { x1: LEFT, x2: width, y1: line, y2: line }),
        text(LEFT - 6, TOP + 9, count(up)),
        text(LEFT - 6, line + 3, "0"),
    ];
    if (down > 0) parts.push(text(LEFT - 6, line + lower, count(down)));
    const withDay = points.length * step > 86_400_000;
    const ticks = Math.max(2, Math.min(6, Math.floor(width / (withDay ? 130 : 90))));
    for (let tick = 0; tick < ticks; tick += 1) {
        const index = Math.floor((tick * points.length) / ticks);
        const x = LEFT + index * column;
        parts.push(text(x, HEIGHT - 6, shortTime(points[index].at, withDay), "start"));
    }
    return parts;
}

/** The index of the point at a position of the image; `null` if there is none. */
export function pointAt(x, width, number) {
    const index = Math.floor(((x - LEFT) / (width - LEFT)) * number);
    return index >= 0 && index < number ? index : null;
}

/**
 * Draws the states of a period as a band.
 *
 * @param {{at: string, from: string, to: string}[]} transitions newest first
 * @param {string} state the state after the newest transition
 * @param {{from: number, until: number}} axis of time, in ms
 * @param {{from: number, until: number}} known the part of the axis for which the states are known
 * @returns {{image: SVGElement, totals: Map<string, number>}} the image, and the ms in each state
 */
export function band(transitions, state, axis, known, width) {
    const image = svg("svg", { viewBox: `0 0 ${width} 12`, width, height: 12, class: "band", "aria-hidden": "true" });
    const scale = (width - LEFT) / (axis.until - axis.from);
    const totals = new Map();
    let end = Math.min(known.until, axis.until);
    let current = state;
    const draw = (start) => {
        const begin = Math.max(start, known.from, axis.from);
        if (begin < end) {
            const x = LEFT + (begin - axis.from) * scale;
            const length = Math.max(1, (end - begin) * scale);
            image.append(svg("rect", { class: current, x, y: 0, width: length, height: 12 }));
            totals.set(current, (totals.get(current) ?? 0) + end - begin);
        }
        end = Math.min(end, begin);
    };
    for (const transition of transitions) {
        draw(Date.parse(transition.at));
        current = transition.from;
    }
    draw(known.from);
    return { image, totals };
}
