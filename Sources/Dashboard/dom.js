// Makes what is shown. Text is only ever set as text: nothing that comes from outside is read as markup. There is no
// `style` attribute either, which the page's content security policy forbids.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. An attribute that is `null` or `false` is left out, `true` stands alone, and one that begins with `on` is
 * a listener. Children are elements or text.
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

/** Sets a text where it differs, so that a page that changes once a second changes little. */
export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, name) {
    if (node.getAttribute("class") !== name) node.setAttribute("class", name);
}

export function button(text, onclick, attributes = {}) {
    return element("button", { type: "button", onclick, ...attributes }, text);
}

/** Says something to those who do not see the page. */
export function announce(text) {
    document.getElementById("announcer").textContent = text;
}
