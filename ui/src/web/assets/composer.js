// Where a message is written, and what waits for the turn.
//
// Owns the text until the program has taken it: it is never thrown away but by the user. The program keeps a copy of what
// is being written, so that other pages show it, and it is still there after a reload. What is said is kept here until the
// program answers for it, and is said again, by the same id, when the connection broke in between.

import { byId, el, setText } from "./dom.js";
import { mayPass, turnWords } from "./standing.js";

/** How long typing rests before the program is told of it, in milliseconds. */
const REST = 250;
const MOST_ROWS = 8;
/** A longer message to the program would end the connection to it. */
const MOST_BYTES = 60 * 1024;
const TOO_LONG = "that is too long for one message; send it as a file";

/**
 * @param {{act: (action: object) => boolean, mine: () => void, leave: () => void, tell: (text: string) => void,
 *   files: (files: File[]) => void}} listener
 */
export function composer({ act, mine, leave, tell, files }) {
  const field = byId("say");
  let timer = 0;
  /** Whether the user wrote what stands here, and whether the program doesn't know it yet. */
  let isOwn = false;
  let isUntold = false;
  /** What was said and not answered for, by id; and whether that is to be seen. */
  const said = new Map();
  let isLost = false;
  let meeting = 0;
  let waiting = [];
  /** What was being written when the line ended, if the program doesn't know it. */
  let last = "";

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
    isOwn = isUntold = true;
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
  addEventListener("beforeunload", (event) => {
    if (isUntold) tellDraft();
    if (isUntold || (isLost && said.size > 0)) event.preventDefault();
  });

  return { show, held, draft, pass, lose, meet, taken, close, left, focus: () => field.focus() };

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

  /** What waits for the turn. */
  function held(list) {
    waiting = list;
    drawHeld();
  }

  /** Rows that stay are left alone, so that a button keeps the focus. */
  function drawHeld() {
    const box = byId("held-list");
    const before = new Map([...box.children].map((row) => [row.dataset.id, row]));
    const unanswered = isLost ? [...said].map(([id, { text }]) => ({ id, text, isSaid: true })) : [];
    const list = [...waiting, ...unanswered];
    byId("held").hidden = list.length === 0;
    box.replaceChildren(
      ...list.map(({ id, text, isSaid }) => {
        const row = before.get(String(id)) ?? (isSaid ? saidRow(id) : heldRow(id));
        setText(row.firstChild, text);
        return row;
      }),
    );
  }

  /** The connection to the program is lost: it may know neither what was said last nor what stands here. */
  function lose() {
    isLost = true;
    isUntold = isOwn;
    drawHeld();
  }

  /** The program is there, again or still, in this conversation: what it hasn't answered for is said again. */
  function meet(next) {
    if (next !== meeting) {
      // What stood here then was for another line; the program has told what becomes of it.
      meeting = next;
      last = "";
      empty();
    }
    isLost = false;
    for (const [id, words] of said) act({ action: "say", id, ...words });
    drawHeld();
  }

  /** The program answers for what was said by this id. */
  function taken(id) {
    if (said.delete(id)) drawHeld();
  }

  /** The line is over. */
  function close() {
    if (isUntold) last = field.value;
    empty();
  }

  /** What the program doesn't know or hasn't answered for, when the line is over. */
  function left() {
    const texts = [...said.values()].map(({ text }) => text);
    return last.trim() === "" ? texts : [...texts, last];
  }

  function empty() {
    clearTimeout(timer);
    field.value = "";
    isOwn = isUntold = false;
    grow();
  }

  /** What another page has written, or the program has put here. What was written here since, stays. */
  function draft(text) {
    if (isOwn && said.size > 0) {
      // It is what became of the message before, which may not have been taken, and here the next one is begun.
      if (text !== "" && text !== field.value) field.value = `${text}\n${field.value}`;
      grow();
      return tellDraft();
    }
    if (isUntold) return tellDraft();
    isOwn = false;
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

  function saidRow(id) {
    return el("li", { "data-id": id }, el("p", { dir: "auto" }), el("span", { class: "quiet", text: "not sent yet" }));
  }

  function say() {
    const text = field.value;
    if (text.trim() === "") return;
    if (text.trim() === "fin") return leave();
    if (!fits({ action: "say", text })) return tell(TOO_LONG);
    const id = newId();
    if (!act({ action: "say", id, text, meeting })) {
      return tell("couplet isn’t running, so nothing was sent; your text stays here");
    }
    said.set(id, { text, meeting });
    // What stands in the composer now, the program says: nothing, or what it didn't take.
    empty();
    mine();
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

/** One that no other message has. (`randomUUID` is for `https` and this machine alone.) */
function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fits(action) {
  return new Blob([JSON.stringify(action)]).size <= MOST_BYTES;
}
