// The name and the colour by which operators tell this server from others.

import { ask } from "./api.js";
import { element, setText } from "./dom.js";

let label = { name: null, colour: null };

/** Requests the label from the server. */
export async function loadLabel() {
    label = (await ask("GET", "version")).body;
}

/** The server's name; `null` if it has none. */
export function serverName() {
    return label.name;
}

/** Shows the name in the header, which gets a line in the server's colour. */
export function showLabel(header, node) {
    if (label.colour === null) delete header.dataset.colour;
    else header.dataset.colour = label.colour;
    node.hidden = label.name === null;
    setText(node, label.name ?? "");
}

/** The name for a dialog; an empty text if the server has none. */
export function labelNode() {
    if (label.name === null) return "";
    return element("p", { "data-colour": label.colour }, element("span", { class: "label" }, label.name));
}
