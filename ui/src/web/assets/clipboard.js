// Copying to the clipboard.
//
// Owns the two ways there are: the clipboard is only given to pages of this machine and of TLS, others select and copy.

import { el } from "./dom.js";

/**
 * Copies a text and says so.
 * @param {string} text
 * @param {string} what what it is, for the notice
 * @param {(text: string) => void} tell
 */
export async function copy(text, what, tell) {
  let copied = false;
  try {
    await navigator.clipboard.writeText(text);
    copied = true;
  } catch {
    copied = copiedOldWay(text);
  }
  tell(copied ? `copied ${what}` : `couldn’t copy ${what}; select it and copy it by hand`);
}

function copiedOldWay(text) {
  const before = document.activeElement;
  const field = el("textarea", { class: "spoken", readonly: true, "aria-hidden": "true" });
  field.value = text;
  (before?.closest("dialog") ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  before?.focus?.();
  return copied;
}
