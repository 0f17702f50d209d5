// The help: keys, and the commands that can be written in the message.
//
// Owns its dialog and the search in it: every word that is looked for must be in a row. The commands come from the
// program, whose terminal has the same.

import { open } from "./dialogs.js";
import { byId, el, setText } from "./dom.js";

/** @returns {{keys: (rows: string[][]) => void, commands: (list: object[]) => void, open: (words?: string) => void}} */
export function help() {
  const field = byId("help-find");
  let keys = [];
  let commands = [];

  field.addEventListener("input", draw);
  byId("help").addEventListener("close", () => (field.value = ""));

  return {
    /** Pairs of a key and what it does. */
    keys(rows) {
      keys = rows;
      draw();
    },
    /** Commands that mean something here: how each is written, and what it does. */
    commands(list = []) {
      commands = list.map(({ usage, does }) => [usage, does]);
      draw();
    },
    /** Shows all, or what it says of these words. */
    open(words = "") {
      if (!open("help")) return;
      field.value = words;
      draw();
    },
  };

  function draw() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) => words.every((word) => row.join(" ").toLowerCase().includes(word));
    const shown = [fill("help-keys", keys.filter(fits)), fill("help-commands", commands.filter(fits))];
    byId("help-commands-title").hidden = shown[1] === 0;
    for (const node of byId("help").querySelectorAll("[data-whole]")) node.hidden = words.length > 0;
    setText(byId("help-none"), shown.some(Boolean) ? "" : "Nothing here says anything of that.");
  }
}

function fill(id, rows) {
  byId(id).hidden = rows.length === 0;
  byId(id).replaceChildren(
    ...rows.flatMap(([key, does]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text: does })]),
  );
  return rows.length;
}
