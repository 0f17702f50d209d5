// The three words, large, to be read to each other.
//
// Owns the dialog in which they are compared. That they differ is asked once more: nothing is sent after it.

import { ask, open } from "./dialogs.js";
import { byId, el, setText } from "./dom.js";

/** @returns {{show: (line: object) => void, open: () => void, reveal: () => boolean, differ: () => void}} */
export function verification(act) {
  let line = {};

  byId("verify-same").addEventListener("click", () => {
    act({ action: "verify", same: true });
    byId("verify").close();
  });
  byId("verify-later").addEventListener("click", () => act({ action: "later" }));
  byId("verify-differ").addEventListener("click", () => {
    byId("verify").close();
    differ();
  });

  async function differ() {
    const sure = await ask({
      title: "They differ?",
      text: "Then somebody may be sitting in the middle. Nothing more is sent or taken on this line; leave it, and meet again by a new code.",
      yes: "Yes, they differ",
      no: "No, go back",
    });
    if (sure) act({ action: "verify", same: false });
  }

  return {
    differ,
    show(next) {
      line = next;
      if (!line.seal?.words && byId("verify").open) byId("verify").close();
      draw();
    },
    open() {
      if (reveal()) act({ action: "compare" });
    },
    reveal,
  };

  /** Opens the dialog, if there are words. */
  function reveal() {
    if (!line.seal?.words || !open("verify")) return false;
    draw();
    return true;
  }

  function draw() {
    const words = line.seal?.words ?? [];
    const list = byId("verify-words");
    if (list.textContent !== words.join("")) list.replaceChildren(...words.map((word) => el("li", { text: word })));
    setText(
      byId("verify-standing"),
      {
        same: "Verified: you have said that they are the same.",
        different:
          "You have said that they differ: somebody may be sitting in the middle. Nothing more is sent or taken; leave, and meet by a new code.",
      }[line.seal?.verdict] ??
        (line.code
          ? "Not compared yet. You met by a code, which only somebody who knows it can do."
          : "Not compared yet. You met without a code: only these words tell whether somebody sits in the middle."),
    );
  }
}
