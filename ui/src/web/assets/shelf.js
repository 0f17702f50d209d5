// The relay's shelf: files that lie ready.
//
// Owns its dialog: the list and what of it is ticked, the order, the search, and logging in. What is ticked stays ticked
// by name while the list is sorted or grows, and while something else is searched for.

import { open } from "./dialogs.js";
import { byId, el, setText } from "./dom.js";
import { bytes, count, stamp } from "./words.js";

const ORDERS = {
  name: (a, b) => a.name.localeCompare(b.name),
  size: (a, b) => a.size - b.size,
  modified: (a, b) => (a.modified ?? 0) - (b.modified ?? 0),
};

/**
 * @returns {{show: (shelf: object) => void, open: () => void, again: () => void, laid: (transfers: object[]) => void,
 *   mayPut: () => boolean}}
 */
export function shelf(act) {
  const dialog = byId("shelf");
  /** How large it is, by name: what is searched for now may hide it. */
  const ticked = new Map();
  let now = { is: "asking", files: [] };
  let laid = 0;
  let order = { by: "name", down: false };

  byId("shelf-open").addEventListener("click", () => openIt());
  dialog.addEventListener("close", () => act({ action: "shelf", open: false }));
  byId("shelf-login").addEventListener("submit", (event) => {
    event.preventDefault();
    act({ action: "login", user: byId("shelf-name").value, password: byId("shelf-password").value });
    byId("shelf-password").value = "";
  });
  byId("shelf-logout").addEventListener("click", () => act({ action: "logout" }));
  byId("shelf-search").addEventListener("submit", (event) => {
    event.preventDefault();
    act({ action: "search", pattern: byId("shelf-pattern").value.trim() });
  });
  byId("shelf-more").addEventListener("click", () => act({ action: "more" }));
  byId("shelf-fetch").addEventListener("click", () => {
    act({ action: "get", names: [...ticked.keys()] });
    ticked.clear();
    dialog.close();
  });
  byId("shelf-all").addEventListener("change", () => {
    for (const { name, size } of now.files) {
      if (byId("shelf-all").checked) ticked.set(name, size);
      else ticked.delete(name);
    }
    draw();
  });
  for (const head of dialog.querySelectorAll("th[data-sort]")) {
    head.firstElementChild.addEventListener("click", () => {
      const by = head.dataset.sort;
      order = { by, down: order.by === by ? !order.down : by !== "name" };
      draw();
    });
  }

  return {
    show(next) {
      const isOther = (next.pattern ?? "") !== (now.pattern ?? "");
      now = { files: [], ...next };
      for (const { name, size } of now.files) if (ticked.has(name)) ticked.set(name, size);
      forget();
      // What is being written there, or was and is about to be searched for, isn't overwritten with what was before.
      if (isOther && document.activeElement !== byId("shelf-pattern")) byId("shelf-pattern").value = now.pattern ?? "";
      draw();
    },
    open: openIt,
    /** After the program was lost and found again, it has to be told once more. */
    again,
    /** Of all transfers: once another one was laid down, the list is asked for again. */
    laid(transfers) {
      const number = transfers.filter(({ shelf, way, good }) => shelf && way === "out" && good).length;
      if (number > laid) again();
      laid = number;
    },
    isOpen: () => dialog.open,
    mayPut: () => dialog.open && now.is === "there" && Boolean(now.may_put),
  };

  /** What isn't there any more can't be fetched; that is known only of a whole list. */
  function forget() {
    if (now.is === "login") ticked.clear();
    if (!now.whole) return;
    const names = new Set(now.files.map(({ name }) => name));
    for (const name of ticked.keys()) if (!names.has(name)) ticked.delete(name);
  }

  function again() {
    if (dialog.open) act({ action: "shelf", open: true });
  }

  function openIt() {
    if (!open("shelf")) return;
    act({ action: "shelf", open: true });
    draw();
  }

  function draw() {
    const { is, files } = now;
    setText(
      byId("shelf-text"),
      now.text ??
        { asking: "Asking the relay…", lost: "The connection to the relay is lost.", closed: "The shelf is closed." }[
          is
        ] ??
        "",
    );
    setText(byId("shelf-user"), now.user ? `as ${now.user}` : "");
    byId("shelf-logout").hidden = !now.user;
    const wasLogin = !byId("shelf-login").hidden;
    byId("shelf-login").hidden = is !== "login";
    setText(byId("shelf-wrong"), is === "login" ? (now.wrong ?? "") : "");
    if (is === "login" && !wasLogin && dialog.open) byId("shelf-name").focus();
    byId("shelf-there").hidden = is !== "there";
    byId("shelf-put").hidden = !now.may_put;
    byId("shelf-more").hidden = !now.more;
    byId("shelf-none").hidden = files.length > 0;
    setText(byId("shelf-none"), now.pattern ? "Nothing here has such a name." : "Nothing lies here yet.");
    for (const head of dialog.querySelectorAll("th[data-sort]")) {
      const mine = head.dataset.sort === order.by;
      if (mine) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    drawFiles(files);
    showChosen();
  }

  function drawFiles(files) {
    const focused = document.activeElement?.dataset?.name;
    const compare = ORDERS[order.by];
    const sorted = [...files].sort((a, b) => (order.down ? compare(b, a) : compare(a, b)));
    byId("shelf-files").replaceChildren(...sorted.map(fileRow));
    // Drawn anew, the box that had the focus is another one.
    if (focused !== undefined)
      [...byId("shelf-files").querySelectorAll("input")].find((box) => box.dataset.name === focused)?.focus();
  }

  function fileRow(file, at) {
    const id = `shelf-file-${at}`;
    const box = el("input", {
      type: "checkbox",
      id,
      "data-name": file.name,
      "data-test": `shelf-tick-${file.name}`,
      on: {
        change: () => {
          if (box.checked) ticked.set(file.name, file.size);
          else ticked.delete(file.name);
          showChosen();
        },
      },
    });
    box.checked = ticked.has(file.name);
    const here = file.here ? el("span", { class: "here" }, " ✓ fetched") : "";
    return el(
      "tr",
      { "data-test": `shelf-file-${file.name}` },
      el("td", { class: "tick" }, box),
      el(
        "td",
        { class: "name", title: file.hash ? `BLAKE3 ${file.hash}` : null },
        el("label", { for: id }, el("bdi", { text: file.name }), here),
      ),
      el("td", { class: "number", text: bytes(file.size) }),
      el("td", { class: "when", text: file.modified ? stamp(file.modified) : "" }),
    );
  }

  function showChosen() {
    const shown = now.files.filter(({ name }) => ticked.has(name)).length;
    const size = [...ticked.values()].reduce((sum, size) => sum + size, 0);
    const hidden = ticked.size - shown;
    const words = [count(ticked.size, "file"), bytes(size), hidden > 0 && `${hidden} of them not in this list`];
    setText(byId("shelf-chosen"), ticked.size > 0 ? words.filter(Boolean).join(", ") : "");
    byId("shelf-fetch").disabled = ticked.size === 0;
    const all = byId("shelf-all");
    all.disabled = now.files.length === 0;
    all.checked = shown > 0 && shown === now.files.length;
    all.indeterminate = shown > 0 && shown < now.files.length;
  }
}
