// Files dragged over the page, and chosen from its pickers.
//
// Owns the drop target: all of the page, seen as soon as something is dragged over it. With the shelf open, what is
// dropped goes there.

import { byId, setText } from "./dom.js";
import { ofDrop, ofFiles } from "./gather.js";

/** How long after the last word of it the sign stays, in milliseconds. */
const REST = 1500;

/**
 * @param {{begin: (source: object|null, to: string) => void, target: () => {to: string, text: string}|null}} listener
 *   `target` says where a drop goes now, and in what words; nothing if it can go nowhere.
 */
export function dropping({ begin, target }) {
  const sign = byId("drop");
  let timer = 0;

  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const hide = () => {
    clearTimeout(timer);
    sign.hidden = true;
    document.body.append(sign);
  };
  // Some who give up aren't seen to leave; but while something is over the page, it is said again and again.
  const hideSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(hide, REST);
  };
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const place = target();
    if (!place) return;
    hideSoon();
    setText(byId("drop-text"), place.text);
    // An open dialog is above all of the page, so the sign goes into it.
    const above = document.querySelector("dialog[open]") ?? document.body;
    if (sign.parentNode !== above) above.append(sign);
    sign.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    // It is told of each element on the way; only who leaves for nowhere leaves the page.
    if (!event.relatedTarget) hide();
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    // Without this the browser would open the file in the place of the page.
    event.preventDefault();
    hideSoon();
    event.dataTransfer.dropEffect = target() ? "copy" : "none";
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hide();
    const place = target();
    if (place) begin(ofDrop(event.dataTransfer), place.to);
  });

  picker("files", "pick-files", "peer");
  picker("folder", "pick-folder", "peer");
  picker("shelf-put", "pick-put", "shelf");
  byId("folder").hidden = !("webkitdirectory" in byId("pick-folder"));

  function picker(button, input, to) {
    byId(button).addEventListener("click", () => byId(input).click());
    byId(input).addEventListener("change", () => {
      begin(ofFiles([...byId(input).files]), to);
      // So that the same one can be chosen again.
      byId(input).value = "";
    });
  }
}
