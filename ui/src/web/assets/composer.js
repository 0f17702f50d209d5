// Where a message is written, and what waits for the turn.
//
// Owns the text until it is said: it is never thrown away but by the user. The program keeps a copy of it, so that other
// pages show it, and it is still there after a reload.

import { byId, el, setText } from "./dom.js";
import { mayPass, turnWords } from "./standing.js";

/** How long typing rests before the program is told of it, in milliseconds. */
const REST = 250;
const MOST_ROWS = 8;
/** A longer message to the program would end the connection to it. */
const MOST_BYTES = 60 * 1024;
const TOO_LONG = "that is too long for one message; send it as a file";

/**
 * @param {{act: (action: object) => boolean, said: () => void, leave: () => void, tell: (text: string) => void,
 *   files: (files: File[]) => void}} listener
 */
export function composer({ act, said, leave, tell, files }) {
  const field = byId("say");
  let timer = 0;
  /** Whether the program doesn't know yet what stands here. */
  let isUntold = false;

  byId("say-form").addEventListener("submit", (event) => {
    event.preventDefault();
    say();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    say();
  });
  field.addEventListener("input", () => {
    grow();
    isUntold = true;
    clearTimeout(timer);
    timer = setTimeout(tellDraft, REST);
  });
  field.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    const length = event.clipboardData?.getData("text").length ?? 0;
    if (pasted.length === 0 && length <= MOST_BYTES) return;
    event.preventDefault();
    if (pasted.length > 0) files(pasted);
    else tell(TOO_LONG);
  });
  byId("pass").addEventListener("click", () => pass());
  addEventListener("resize", grow);

  return { show, held, draft, pass, focus: () => field.focus() };

  /** How the line stands: the label and the border say what Enter does. */
  function show(line) {
    const turn = turnWords(line);
    byId("composer").dataset.mine = String(turn.mine);
    setText(byId("say-badge"), turn.badge);
    setText(byId("say-what"), turn.what);
    setText(byId("say-more"), turn.more ?? "");
    setText(byId("say-send"), turn.button);
    byId("pass").disabled = !mayPass(line);
    const writes = line.peer?.is === "present" && line.peer.writes;
    setText(byId("typing"), writes ? `${line.peer.name || "Your peer"} is typing…` : "");
  }

  /** What waits for the turn. Rows that stay are left alone, so that a button keeps the focus. */
  function held(list) {
    const box = byId("held-list");
    byId("held").hidden = list.length === 0;
    const before = new Map([...box.children].map((row) => [row.dataset.id, row]));
    box.replaceChildren(
      ...list.map(({ id, text }) => {
        const row = before.get(String(id)) ?? heldRow(id);
        setText(row.firstChild, text);
        return row;
      }),
    );
  }

  /** What another page has written, or the program has put here. What was written here since, stays. */
  function draft(text) {
    if (isUntold) return tellDraft();
    if (field.value === text) return;
    field.value = text;
    grow();
  }

  function pass() {
    act({ action: "pass" });
    field.focus();
  }

  function heldRow(id) {
    return el(
      "li",
      { "data-id": id, "data-test": `held-${id}` },
      el("p", { dir: "auto" }),
      el("button", {
        type: "button",
        class: "small",
        "data-test": `take-back-${id}`,
        text: "Take back",
        on: {
          click: () => {
            tellDraft();
            act({ action: "take-back", id });
            field.focus();
          },
        },
      }),
    );
  }

  function say() {
    const text = field.value;
    if (text.trim() === "") return;
    if (text.trim() === "fin") return leave();
    if (!fits({ action: "say", text })) return tell(TOO_LONG);
    if (!act({ action: "say", text })) return tell("couplet isn’t running, so nothing was sent; your text stays here");
    // What stands in the composer now, the program says: nothing, or what it didn't take.
    clearTimeout(timer);
    field.value = "";
    isUntold = false;
    grow();
    said();
  }

  function tellDraft() {
    clearTimeout(timer);
    const action = { action: "draft", text: field.value };
    isUntold = !fits(action) || !act(action);
  }

  function grow() {
    const style = getComputedStyle(field);
    const row = parseFloat(style.lineHeight);
    const around = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, row * MOST_ROWS + around)}px`;
  }
}

function fits(action) {
  return new Blob([JSON.stringify(action)]).size <= MOST_BYTES;
}
