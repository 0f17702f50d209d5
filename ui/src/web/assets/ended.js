// The last screen: why the line is over, what wasn't finished, and what was never sent.
//
// Owns this screen. What wasn't sent is put up to be copied, so that nothing anybody wrote is lost.

import { copy } from "./clipboard.js";
import { byId, el, setText } from "./dom.js";

/**
 * `left` is what the page has that the program doesn't know of.
 * @returns {{show: (ended: object, hello: object, left: string[]) => void, left: (left: string[]) => void}}
 */
export function ending(tell) {
  let told = [];
  let unsent = [];
  byId("ended-copy").addEventListener("click", () => copy(unsent.join("\n\n"), "what wasn’t sent", tell));

  return {
    left: draw,
    show(ended, hello, left) {
      told = ended.unsent ?? [];
      draw(left);
      setText(byId("ended-title"), ended.met ? "The line is over" : ended.again ? "You haven’t met" : "couplet has ended");
      setText(byId("ended-text"), ended.text ?? "");
      const unfinished = ended.unfinished ?? [];
      byId("ended-unfinished").hidden = unfinished.length === 0;
      byId("ended-unfinished").replaceChildren(...unfinished.map((text) => el("li", { dir: "auto", text })));
      setText(byId("ended-files"), ended.met && hello.downloads ? `What you received is in ${hello.downloads}.` : "");
      byId("ended-save").hidden = !ended.again || !ended.met;
      setText(
        byId("ended-close"),
        ended.again
          ? ""
          : `couplet has ended. You can close this page; ${hello.started_as || "couplet web"} starts it again.`,
      );
    },
  };

  function draw(left) {
    unsent = [...told, ...left.filter((text) => !told.includes(text))];
    byId("ended-unsent").hidden = unsent.length === 0;
    byId("ended-unsent-list").replaceChildren(...unsent.map((text) => el("li", { dir: "auto", text })));
  }
}
