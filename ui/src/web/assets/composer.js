// Where a message is written, and what waits for the turn.
//
// Owns the text until the program has taken it: it is never thrown away but by the user. The program keeps a copy of what
// is being written, so that other pages show it, and it is still there after a reload. What is said is kept here until the
// program answers for it, and is said again, by the same id, when the connection broke in between.

import { byId, el, setText } from "./dom.js";
import { mayOffer, mayPass, turnWords } from "./standing.js";

/** How long typing rests before the program is told of it, in milliseconds. */
const REST = 250;
const MOST_ROWS = 8;
/** How much is remembered of what stood in the field: more than can be under way. */
const MOST_KNOWN = 50;
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
  /** What the program was told last, or told itself; and what it knew before. What differs from it, it doesn't know. */
  let told = "";
  let known = [""];
  /** The id by which it was told last, until it answers: until then what it says may be of before. */
  let writing = null;
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
    tellDraft();
    if (field.value !== told || said.size > 0) event.preventDefault();
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
    for (const id of ["files", "folder"]) byId(id).disabled = !mayOffer(line);
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
    drawHeld();
  }

  /** The program is there, again or still, in this conversation: what it hasn't answered for is said again. */
  function meet(next) {
    if (next !== meeting) {
      // What the program knew of it, it has put where it belongs.
      meeting = next;
      if (field.value === told && writing === null) empty();
      if (field.value === "") field.value = last;
      last = "";
    }
    isLost = false;
    for (const [id, words] of said) act({ action: "say", id, ...words });
    drawHeld();
  }

  /** The program answers for what was said or written by this id. */
  function taken(id) {
    if (id === writing) writing = null;
    if (said.delete(id)) drawHeld();
  }

  /** The line is over. */
  function close() {
    last = field.value;
    empty();
  }

  /** What the program doesn't know or hasn't answered for, when the line is over. */
  function left() {
    const texts = [...said.values()].map(({ text }) => text);
    return last.trim() === "" ? texts : [...texts, last];
  }

  function empty() {
    clearTimeout(timer);
    field.value = told = "";
    grow();
  }

  /**
   * What stands in the program's composer: what another page has written, what the program has put there, or less than
   * what stands here. Nothing that stands here and that the program doesn't know is thrown away.
   */
  function draft(text) {
    const isCertain = field.value === told && writing === null;
    writing = null;
    if (isCertain || text === field.value) field.value = text;
    else field.value = [added(text), field.value].filter((part) => part !== "").join("\n");
    know(text);
    tellDraft();
    grow();
  }

  /** What the program has put before what it knew. */
  function added(text) {
    if (known.includes(text)) return "";
    const rest = known.filter((before) => before !== "" && text.endsWith(`\n${before}`));
    const longest = Math.max(0, ...rest.map((before) => before.length + 1));
    return text.slice(0, text.length - longest);
  }

  function know(text) {
    told = text;
    known = [...known.filter((before) => before !== text), text].slice(-MOST_KNOWN);
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
    return el("li", { "data-id": id }, el("p", { dir: "auto" }), el("span", { class: "quiet", text: "no answer yet" }));
  }

  function say() {
    const text = field.value;
    if (text.trim() === "") return;
    if (text.trim() === "fin") return leave();
    if (!fits({ action: "say", text })) return tell(TOO_LONG);
    // So that the program knows that this is what stands in its composer, and not another page's.
    tellDraft();
    const id = newId();
    if (isLost || !act({ action: "say", id, text, meeting })) {
      return tell("couplet isn’t running, so nothing was sent; your text stays here");
    }
    said.set(id, { text, meeting });
    // What stands in the composer now, the program says: nothing, or what it didn't take.
    empty();
    mine();
  }

  function tellDraft() {
    clearTimeout(timer);
    if (field.value === told) return;
    const action = { action: "draft", id: newId(), text: field.value };
    if (!fits(action) || !act(action)) return;
    know(field.value);
    writing = action.id;
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
