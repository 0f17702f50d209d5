// How the line stands, in words: whose turn it is, what Enter does, who is there, how it is sealed.
//
// Owns this wording, which header, composer and screen readers have in common; it draws nothing.

import { secondsUntil } from "./words.js";

/** What the peer is called. */
export function peerName(line) {
  return line.peer?.name || "your peer";
}

/** The same at the beginning of a sentence. */
export function peerStarts(line) {
  return line.peer?.name || "Your peer";
}

/** Whether somebody sits at the other seat, or comes back to it. */
export function isPeerHere(line) {
  return line.peer?.is === "present" || line.peer?.is === "silent";
}

/** Whether what is entered is said at once. */
export function maySpeak(line) {
  return line.turn === "emi" && line.link === "online" && !isUnsealed(line);
}

/** Whether files can be offered: to a peer whose words differ nothing is. */
export function mayOffer(line) {
  return line.seal?.verdict !== "different";
}

/** Whether the turn can be passed to somebody. */
export function mayPass(line) {
  return maySpeak(line) && line.peer?.is === "present";
}

/** Nothing is said on a line whose seal isn't there, or isn't believed. A plain one says so and works. */
function isUnsealed(line) {
  const seal = line.seal ?? {};
  return isPeerHere(line) && (seal.is === "failed" || seal.is === "agreeing" || seal.verdict === "different");
}

/**
 * Whose turn it is: for the header (`short`), for the composer's label (`badge` and `what`, and `more` where there is
 * room), and what the button says.
 * `mine` tells whether what is entered goes out at once.
 */
export function turnWords(line) {
  const seal = line.seal ?? {};
  const name = peerName(line);
  const held = (badge, what, short = "waiting") => ({ mine: false, badge, what, short, button: "Hold" });
  const said = (badge, what) => ({ mine: true, badge, what, short: "YOUR TURN", button: "Send" });
  if (line.link !== "online") return held("OFFLINE", "no connection: Enter holds it until your turn", "offline");
  if (isPeerHere(line) && seal.is === "failed")
    return held("NOT SEALED", "Enter holds it, nothing is said to this peer");
  if (seal.verdict === "different") return held("WORDS DIFFER", "Enter holds it, nothing is sent");
  if (isPeerHere(line) && seal.is === "agreeing") return held("SEALING", "Enter holds it until the line is sealed");
  if (line.turn === "emi" && line.peer?.is === "gone") {
    return said("YOUR TURN", "the other seat is empty: Enter leaves it for whoever comes");
  }
  if (line.turn === "emi" && !isPeerHere(line)) {
    return { ...said("NOBODY HERE", "Enter leaves it for whoever comes"), short: "waiting" };
  }
  if (line.turn === "emi" && seal.is === "plain")
    return said("YOUR TURN, NOT SEALED", "Enter sends, the relay can read it");
  if (line.turn === "emi") return { ...said("YOUR TURN", "Enter sends"), more: ", Shift+Enter makes a new line" };
  if (line.turn === "rec" && isPeerHere(line)) {
    return held("LISTENING", `${name} has the turn: Enter holds it until yours`, "listening");
  }
  return held("NOBODY HERE", "Enter holds it until your turn");
}

/** How it is sealed: a sign, words, and `good`, `bad` or nothing for the colour. */
export function sealWords(seal) {
  if (seal?.verdict === "different") return { sign: "✗", text: "NOT VERIFIED", how: "bad" };
  if (seal?.verdict === "same") return { sign: "●", text: "verified", how: "good" };
  // The relay can’t read it, but who is at the other end only the words would tell.
  if (seal?.is === "sealed" && !seal.by_code) return { sign: "◐", text: "sealed", how: "" };
  return (
    {
      agreeing: { sign: "○", text: "sealing…", how: "waits" },
      sealed: { sign: "●", text: "sealed", how: "good" },
      failed: { sign: "✗", text: "not sealed", how: "bad" },
      plain: { sign: "✗", text: "NOT SEALED", how: "bad" },
    }[seal?.is] ?? { sign: "", text: "", how: "" }
  );
}

/** Who is there. `until` is when a silent peer's seat is given away. */
export function peerWords(line, until) {
  const name = line.peer?.name || "peer";
  switch (line.peer?.is) {
    case "present":
      return { sign: "●", text: name, how: "good" };
    case "silent":
      return { sign: "○", text: `${name} silent, kept ${secondsUntil(until)} s`, how: "waits" };
    case "gone":
      return { sign: "○", text: `${name} gone`, how: "waits" };
    default:
      return { sign: "○", text: "waiting for a peer", how: "waits" };
  }
}

/** When what runs down has run down: the wait for the next attempt, or the time for which a seat is kept. */
export function untilOf(line) {
  return Date.now() + (line.link === "lost" ? (line.retry_in ?? 0) : (line.peer?.kept_for ?? 0));
}

/** Whether something runs down. */
export function runsDown(line) {
  return line?.link === "lost" || line?.peer?.is === "silent";
}

/** How the connection to the relay stands, if that is worth a word. `retryAt` is when the next attempt comes. */
export function linkWords(line, retryAt) {
  if (line.link === "connecting") return "connecting…";
  if (line.link !== "lost") return "";
  const again = line.seat ? "reconnecting" : "no answer";
  return line.attempt ? `${again}, try ${line.attempt} in ${secondsUntil(retryAt)} s` : `${again}…`;
}

/** What a screen reader is told when it becomes so: no numbers that run. */
export function spokenState(line) {
  const name = peerStarts(line);
  const where = {
    connecting: "Connecting to the relay.",
    lost: "The connection to the relay is lost; it is tried again.",
  }[line.link];
  if (where) return where;
  const who = {
    silent: `${name} has lost the connection.`,
    gone: `${name} is gone.`,
    nobody: "Waiting for a peer.",
  }[line.peer?.is ?? "nobody"];
  if (who) return who;
  const seal = sealWords(line.seal).text;
  const turn = turnWords(line);
  return `${turn.mine ? "It is your turn." : line.turn ? `${name} has the turn.` : ""} The line is ${seal || "open"}.`.trim();
}
