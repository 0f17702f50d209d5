// The bar at the top: who is there, how it is sealed, whose turn it is, and the facts of the line.
//
// Owns what stands in it, the seconds that run down in it, and what screen readers are told of a change.

import { byId, el, setText } from "./dom.js";
import { linkWords, peerWords, runsDown, sealWords, spokenState, turnWords, untilOf } from "./standing.js";
import { latency } from "./words.js";

/** @returns {{show: (line: object, hello: object) => void}} */
export function header() {
  let line = null;
  let hello = {};
  let until = 0;
  let told = "";

  function tick() {
    if (!line) return;
    const peer = peerWords(line, until);
    signed(byId("peer"), peer, "dir");
    setText(byId("link"), linkWords(line, until));
  }

  // Only these seconds run; everything else comes when it changes.
  setInterval(() => {
    if (runsDown(line)) tick();
  }, 500);

  return {
    show(next, greeting) {
      line = next;
      hello = greeting;
      until = untilOf(line);
      tick();
      const seal = sealWords(line.seal);
      signed(byId("seal-state"), seal);
      byId("seal").hidden = !seal.text;
      setText(byId("seal-words"), seal.how === "bad" ? "" : (line.seal?.words ?? []).join("-"));
      byId("verify-open").hidden = !line.seal?.words;
      const turn = turnWords(line);
      byId("turn").dataset.mine = String(turn.mine && turn.short === "YOUR TURN");
      byId("turn").replaceChildren(
        el("strong", { text: turn.short }),
        line.turn ? el("span", { class: "role", text: ` ${line.turn}` }) : "",
      );
      showFacts();
      const now = spokenState(line);
      if (now !== told) setText(byId("spoken"), now);
      told = now;
    },
  };

  function showFacts() {
    const trip = line.round_trip === undefined || line.link !== "online" ? "" : latency(line.round_trip);
    setText(byId("fact-relay"), hello.relay ?? "");
    setText(byId("fact-trip"), trip);
    setText(byId("fact-room"), line.room ? `room ${line.room}` : "");
    setText(byId("fact-seat"), line.seat ? `seat ${line.seat}` : "");
    const facts = {
      Relay: hello.relay,
      "Round trip": trip,
      Room: line.room,
      Seat: line.seat,
      Code: line.code,
      Downloads: hello.downloads,
    };
    byId("menu-facts").replaceChildren(
      ...Object.entries(facts)
        .filter(([, fact]) => fact)
        .flatMap(([name, fact]) => [el("dt", { text: name }), el("dd", { class: "mono", text: String(fact) })]),
    );
  }
}

function signed(node, { sign, text, how }) {
  if (node.dataset.how === how && node.dataset.says === text) return;
  node.dataset.how = how;
  node.dataset.says = text;
  node.replaceChildren(el("span", { class: "sign", "aria-hidden": "true", text: sign }), " ", el("bdi", { text }));
}
