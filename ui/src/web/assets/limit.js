// How fast each transfer may go.
//
// Owns this choice in the menu. It shows the limit that holds, wherever that was set, and so also one that isn't on the list.

import { byId, el } from "./dom.js";
import { rate } from "./words.js";

/** @returns {{show: (limit: number|undefined) => void}} */
export function limits(act) {
  const field = byId("limit");
  /** The limit that was set elsewhere. */
  let other = null;
  field.addEventListener("change", () => {
    const chosen = Number(field.value);
    act(chosen > 0 ? { action: "limit", rate: chosen } : { action: "limit" });
  });

  return {
    show(limit) {
      const value = limit ? String(limit) : "";
      if (other && other.value !== value) {
        other.remove();
        other = null;
      }
      if (![...field.options].some((option) => option.value === value)) {
        other = el("option", { value, text: `at most ${rate(limit)}` });
        field.append(other);
      }
      if (field.value !== value) field.value = value;
    },
  };
}
