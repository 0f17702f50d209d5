// The keys of the page.
//
// Owns which key does what, and gives the list of them. They go by the place of the key where Alt types letters of
// its own; on a Mac Option does that, so there they rest while somebody writes.

import { byId } from "./dom.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/**
 * @param {Record<string, {key: string, does: string, run: () => void}>} keys by the letter that is pressed with Alt
 * @param {() => void} help
 * @returns {string[][]} each key, and what it does
 */
export function listen(keys, help) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || byId("talking").hidden) return;
    const writes = event.target.closest?.("input, textarea, select");
    if (event.key === "?" && !writes && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      help();
    }
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.getModifierState("AltGraph")) return;
    if (MAC && writes) return;
    const letter = /^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : event.code.replace(/^Key/, "");
    if (!(letter in keys)) return;
    event.preventDefault();
    keys[letter].run();
  });

  return [
    ["Enter", "send, or hold until it is your turn"],
    ["Shift+Enter", "a new line"],
    ...Object.entries(keys).map(([letter, { does }]) => [`${MAC ? "Option" : "Alt"}+${letter}`, does]),
    ["?", "this help, outside of the message"],
    ["Esc", "close what is open"],
    ["fin", "alone as a message: leave"],
  ];
}
