// The first screen: by which code to meet.
//
// Owns the three ways and what is said of a code that is none.

import { byId, setText } from "./dom.js";

/** @returns {{show: (asking: object) => void}} */
export function start(act) {
  const field = byId("code");
  const buttons = [...document.querySelectorAll("#start button")];

  byId("by-code").addEventListener("submit", (event) => {
    event.preventDefault();
    const code = field.value.trim();
    if (code === "") return wrong("Type the code that your friend told you, such as 7-otter-lamp.");
    meet({ action: "meet", code });
  });
  byId("meet-new").addEventListener("click", () => meet({ action: "meet", new: true }));
  byId("meet-any").addEventListener("click", () => meet({ action: "meet" }));
  field.addEventListener("input", () => wrong(""));

  return {
    show(asking) {
      setText(byId("start-relay"), asking.relay ?? "");
      if (asking.wrong !== undefined || byId("start").hidden) wrong(asking.wrong ?? "");
      for (const button of buttons) button.disabled = false;
      if (asking.wrong) field.focus();
    },
  };

  function meet(action) {
    wrong("");
    // Once is enough; what comes next says how it went.
    if (act(action)) for (const button of buttons) button.disabled = true;
    setTimeout(
      () =>
        buttons.forEach((button) => {
          button.disabled = false;
        }),
      2000,
    );
  }

  function wrong(text) {
    setText(byId("code-wrong"), text);
    field.setAttribute("aria-invalid", String(text !== ""));
  }
}
