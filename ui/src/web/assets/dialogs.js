// Dialogs, and the question before something that can't be taken back.
//
// Owns how they open and close. Escape, and whatever has `data-close` in them, close them; the focus goes back to where it
// was, which <dialog> does by itself.

import { byId, setText } from "./dom.js";

/** Makes the closing buttons of all dialogs work. */
export function prepareDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    for (const button of dialog.querySelectorAll("[data-close]"))
      button.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      // A press on the dialog itself and not on what is in it is one beside it.
      if (event.target === dialog && isBeside(event, dialog)) dialog.close();
    });
    dialog.addEventListener("close", bringCaretBack);
  }
}

/** Opens a dialog, unless another one is open. */
export function open(id) {
  if (document.querySelector("dialog[open]")) return false;
  const menu = byId("menu");
  if (menu.matches(":popover-open")) menu.hidePopover();
  byId(id).showModal();
  return true;
}

/**
 * Asks before something that can't be taken back.
 * @param {{title: string, text: string, yes: string, no?: string}} question
 * @returns {Promise<boolean>}
 */
export function ask({ title, text, yes, no = "No, stay" }) {
  const dialog = byId("ask");
  setText(byId("ask-title"), title);
  setText(byId("ask-text"), text);
  setText(byId("ask-yes"), yes);
  setText(byId("ask-no"), no);
  if (!open("ask")) return Promise.resolve(false);
  return new Promise((resolve) => {
    // The event comes with the next frame, and a page that isn't seen has none.
    const agree = () => {
      resolve(true);
      dialog.close();
    };
    byId("ask-yes").addEventListener("click", agree);
    dialog.addEventListener(
      "close",
      () => {
        byId("ask-yes").removeEventListener("click", agree);
        resolve(false);
      },
      { once: true },
    );
  });
}

/** A field that gets the focus back doesn't get its caret back in Chromium once something in the dialog was clicked on. */
function bringCaretBack() {
  const field = document.activeElement;
  if (field instanceof HTMLTextAreaElement) field.setSelectionRange(field.selectionStart, field.selectionEnd);
}

function isBeside({ clientX, clientY }, dialog) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
