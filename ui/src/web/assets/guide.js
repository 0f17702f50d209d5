// What to do next, below what was said: the code to tell, the words to compare, a sentence of advice.
//
// Owns these cards. They take no focus by themselves: somebody may be typing.

import { byId, el, setText } from "./dom.js";
import { isPeerHere, peerName, peerStarts, runsDown, untilOf } from "./standing.js";
import { secondsUntil } from "./words.js";
import { copy } from "./clipboard.js";

/**
 * @param {(action: object) => void} act
 * @param {(text: string) => void} tell shows a notice
 * @param {() => void} differ asks whether the words differ
 * @returns {{show: (line: object, hello: object) => void}}
 */
export function guide(act, tell, differ) {
  let line = null;
  let hello = {};
  let until = 0;

  byId("invite-copy").addEventListener("click", () => copy(line.code, "the code", tell));
  byId("invite-copy-command").addEventListener("click", () => copy(command(), "the command", tell));
  byId("compares-same").addEventListener("click", () => act({ action: "verify", same: true }));
  byId("compares-differ").addEventListener("click", () => differ());
  byId("compares-later").addEventListener("click", () => act({ action: "later" }));
  setInterval(() => {
    if (runsDown(line)) showAdvice();
  }, 500);

  return {
    show(next, greeting) {
      line = next;
      hello = greeting;
      until = untilOf(line);
      showInvitation();
      showComparison();
      showAdvice();
    },
  };

  function isInviting() {
    return line.link === "online" && Boolean(line.code) && !isPeerHere(line);
  }

  function command() {
    return `${started()} chat ${line.code} --relay ${hello.relay}`;
  }

  /** How couplet is started here, and likely there. */
  function started() {
    return (hello.started_as ?? "couplet").replace(/ web$/, "");
  }

  function showInvitation() {
    byId("invite").hidden = !isInviting();
    if (!isInviting()) return;
    const gone = line.peer?.is === "gone";
    setText(
      byId("invite-title"),
      gone
        ? `${peerStarts(line)} is gone; your seat is kept`
        : line.typed
          ? "Nobody is there by this code"
          : "Waiting for whoever has this code",
    );
    setText(byId("invite-code"), line.code);
    setText(
      byId("invite-says"),
      gone
        ? "Whoever has the code may take the empty seat:"
        : line.typed
          ? "Check it with your friend, the number above all. If it is right, wait here. Whoever comes by it types it on couplet’s page, or types:"
          : "Tell it on the phone, or however you like. Your friend enters it on couplet’s page, or types:",
    );
    showCommand();
    const local = isLocal(hello.relay);
    byId("invite-local").hidden = !local;
    if (local)
      setText(
        byId("invite-local"),
        `The relay is on this machine. For a friend on another one it has to be started with --listen 0.0.0.0:${portOf(hello.relay)}, and this machine’s name or address goes in the place of ${hostOf(hello.relay)}.`,
      );
  }

  /** Breaks between words only: options begin with hyphens, after which browsers like to break. */
  function showCommand() {
    if (byId("invite-command").textContent === command()) return;
    byId("invite-command").replaceChildren(
      ...command()
        .split(" ")
        .flatMap((word, at) => [at > 0 ? " " : "", el("span", { text: word })]),
    );
  }

  function showComparison() {
    const asked = Boolean(line.compares) && Boolean(line.seal?.words) && !line.seal.verdict;
    byId("compares").hidden = !asked;
    if (!asked) return;
    setText(byId("compares-title"), `Comparing the words with ${peerName(line)}: do you both have the same?`);
    byId("compares-words").replaceChildren(...line.seal.words.map((word) => el("span", { text: word })));
  }

  function showAdvice() {
    const text = advice();
    byId("guide").hidden = !text;
    setText(byId("guide"), text);
  }

  /** Where seconds run down, the page's own sentence, as the program's would stand still. */
  function advice() {
    if (line.link === "lost" && line.seat) {
      const next = line.attempt ? `try ${line.attempt} comes in ${secondsUntil(until)} s` : "trying again";
      return `The connection to ${hello.relay} is lost; ${next}. What you write is held, nothing is lost.`;
    }
    if (line.link === "lost") {
      return `Nobody answers at ${hello.relay}; try ${line.attempt} comes in ${secondsUntil(until)} s. Is the relay running there?`;
    }
    if (line.link === "online" && line.peer?.is === "silent") {
      return `${peerStarts(line)} has lost the connection; the seat is kept for ${secondsUntil(until)} s. No words are lost.`;
    }
    if (isInviting()) return "";
    return line.guide ?? "";
  }
}

function hostOf(relay) {
  return (relay ?? "").replace(/:\d+$/, "");
}

function portOf(relay) {
  return /:(\d+)$/.exec(relay ?? "")?.[1] ?? "3647";
}

function isLocal(relay) {
  return /^(localhost|127\.|\[::1\])/.test(relay ?? "");
}
