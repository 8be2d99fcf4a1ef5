// Creates elements. Text is always set as text, so that no outside data is parsed as markup. There are no `style`
// attributes, because the page's content security policy forbids them.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Creates an element. An attribute that is `null` or `false` is omitted, `true` makes an attribute without a value, and
 * a name that begins with `on` adds a listener. Children are elements or text.
 */
export function element(tag, attributes = {}, ...children) {
    return furnish(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
    return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
}

/** Sets a text if it differs, so that the updates once a second change little of the page. */
export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, name) {
    if (node.getAttribute("class") !== name) node.setAttribute("class", name);
}

export function button(text, onclick, attributes = {}) {
    return element("button", { type: "button", onclick, ...attributes }, text);
}

/** Announces a text to screen readers. */
export function announce(text) {
    document.getElementById("announcer").textContent = text;
}
