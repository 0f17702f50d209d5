// The last screen: why the line is over, and what was never sent.
//
// Owns this screen. What wasn't sent is put up to be copied, so that nothing anybody wrote is lost.

import { copy } from "./clipboard.js";
import { byId, el, setText } from "./dom.js";

/** @returns {{show: (ended: object, hello: object) => void}} */
export function ending(tell) {
  let unsent = [];
  byId("ended-copy").addEventListener("click", () => copy(unsent.join("\n\n"), "what wasn’t sent", tell));

  return {
    show(ended, hello) {
      unsent = ended.unsent ?? [];
      setText(byId("ended-text"), ended.text ?? "");
      byId("ended-unsent").hidden = unsent.length === 0;
      byId("ended-unsent-list").replaceChildren(...unsent.map((text) => el("li", { dir: "auto", text })));
      setText(byId("ended-files"), hello.downloads ? `What you received is in ${hello.downloads}.` : "");
      byId("ended-save").hidden = !ended.again;
      setText(
        byId("ended-close"),
        ended.again
          ? ""
          : `couplet has ended. You can close this page; ${hello.started_as || "couplet web"} starts it again.`,
      );
    },
  };
}
