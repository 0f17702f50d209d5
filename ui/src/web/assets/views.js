// Which of the two panels a narrow window shows, and the short line that tells of the other.
//
// Owns that choice. A wide window shows both and takes no notice of it.

import { byId, setText } from "./dom.js";

/** @param {{turned: () => void}} listener called when another panel is shown */
export function views({ turned }) {
  const buttons = { talk: byId("view-talk"), moves: byId("view-moves") };
  for (const [view, button] of Object.entries(buttons)) button.addEventListener("click", () => turn(view));
  byId("ticker").addEventListener("click", () => {
    turn("moves");
    byId("moves-title").focus();
  });

  return { turn, unread, moving };

  function turn(view) {
    document.body.dataset.view = view;
    for (const [name, button] of Object.entries(buttons)) button.setAttribute("aria-pressed", String(name === view));
    turned();
  }

  function unread(number) {
    badge(byId("badge-talk"), number > 0 ? `${number} new` : "");
  }

  /** What moves, in a few words. */
  function moving({ offers, moving: now, waiting, total }) {
    badge(
      byId("badge-moves"),
      offers > 0 ? (offers === 1 ? "1 offer" : `${offers} offers`) : now + waiting > 0 ? String(now + waiting) : "",
    );
    const parts = [offers > 0 && (offers === 1 ? "1 offer" : `${offers} offers`), now > 0 && total].filter(Boolean);
    byId("ticker").hidden = parts.length === 0;
    setText(byId("ticker"), `${parts.join(" · ")} ›`);
  }
}

function badge(node, text) {
  node.hidden = text === "";
  setText(node, text);
}
