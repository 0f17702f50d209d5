// Making elements, and finding those of the skeleton.
//
// Owns the only way in which the page makes elements. Text goes in as text and never as markup, so nothing that a peer
// or a relay wrote can become more than letters.

const SVG = "http://www.w3.org/2000/svg";

/**
 * The element of the skeleton with this id. One that is missing is a mistake in the page, and said as such.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * A new element. `props` are attributes, but for `text` (its text) and `on` (its listeners by event).
 * @param {string} name
 * @param {object} [props]
 * @param {...(Node|string)} children
 */
export function el(name, props = {}, ...children) {
  return filled(document.createElement(name), props, children);
}

/** The same, for pictures. */
export function svg(name, props = {}, ...children) {
  return filled(document.createElementNS(SVG, name), props, children);
}

/**
 * Sets a text only if it is another, so that selections and screen readers aren't disturbed for nothing.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Words for screen readers only. */
export function spoken(text) {
  return el("span", { class: "spoken", text });
}

function filled(node, { text, on, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, String(value));
  }
  for (const [event, listener] of Object.entries(on ?? {})) node.addEventListener(event, listener);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}
