// The page as a whole.
//
// Owns which screen is shown, and passes each event to the part that it is about, and each wish to the line. All that is
// known comes from the program: a page that is loaded again knows the same.

import { composer } from "./composer.js";
import { conversation } from "./conversation.js";
import { ask, prepareDialogs } from "./dialogs.js";
import { byId, setText } from "./dom.js";
import { dropping } from "./drop.js";
import { ending } from "./ended.js";
import { ofFiles } from "./gather.js";
import { guide } from "./guide.js";
import { header } from "./header.js";
import { help } from "./help.js";
import { listen } from "./keys.js";
import { limits } from "./limit.js";
import { openLine } from "./line.js";
import { shelf } from "./shelf.js";
import { mayOffer, peerName, turnWords } from "./standing.js";
import { start } from "./start.js";
import { transfers } from "./transfers.js";
import { uploads } from "./uploads.js";
import { verification } from "./verify.js";
import { views } from "./views.js";
import { secondsUntil } from "./words.js";

/** How long a notice stays. */
const NOTICE = 8000;
/** A break shorter than this is none to speak of. */
const PATIENCE = 1200;

let hello = {};
let line = {};
let stage = "loading";
let unread = 0;
let mayMeet = false;
let link = null;

const act = (action) => link?.act(action) ?? false;

prepareDialogs();
const parts = {
  header: header(),
  help: help(),
  guide: guide(act, tell, () => parts.verify.differ()),
  start: start(act),
  ended: ending(tell),
  verify: verification(act),
  shelf: shelf(act),
  limits: limits(act),
  views: views({ turned: () => parts.conversation?.look() }),
};
parts.uploads = uploads({
  tell,
  meeting: () => hello.meeting,
  changed: (number) => {
    byId("moves-empty").hidden = number > 0 || !byId("transfers").hidden;
  },
});
parts.transfers = transfers({
  act,
  turn: () => parts.views.turn("moves"),
  changed: (counts) => {
    parts.views.moving(counts);
    byId("moves-empty").hidden = !byId("transfers").hidden || parts.uploads.count() > 0;
  },
});
parts.conversation = conversation({
  act,
  unread: (number) => {
    unread = number;
    parts.views.unread(number);
    showTitle();
  },
});
parts.composer = composer({
  act,
  tell,
  leave,
  mine: () => parts.conversation.mine(),
  files: (files) => mayBegin() && begin(ofFiles(files), "peer"),
});
dropping({ begin, target: dropTarget });

const EVENTS = {
  hello(event) {
    // What is on its way was for the one before.
    if (event.meeting !== hello.meeting) parts.uploads.end();
    hello = event;
    parts.help.commands(event.commands);
    turnTo(event.stage);
    parts.composer.meet(event.meeting);
  },
  asking(event) {
    turnTo("asking");
    mayMeet = true;
    parts.start.show({ relay: hello.relay, ...event });
    showMeeting();
  },
  line(event) {
    // On a narrow page the card may be out of sight.
    if (event.compares && !line.compares && !byId("verify").open) tell(`Compare the words with ${peerName(event)}, in the conversation`);
    line = event;
    turnTo("talking");
    parts.header.show(line, hello);
    parts.guide.show(line, hello);
    parts.verify.show(line);
    parts.composer.show(line);
    parts.limits.show(line.limit);
    showTitle();
  },
  entries: (event) => parts.conversation.show(event),
  held: ({ held }) => parts.composer.held(held),
  draft: ({ text }) => parts.composer.draft(text),
  said({ id }) {
    parts.composer.taken(id);
    if (stage === "ended") parts.ended.left(parts.composer.left());
  },
  transfers(event) {
    parts.transfers.show(event);
    parts.shelf.laid(event.transfers);
  },
  shelf: (event) => parts.shelf.show(event),
  show: (event) => SIGHTS[event.what]?.(event),
  notice: ({ text }) => tell(text),
  ended(event) {
    turnTo("ended");
    parts.composer.close();
    mayMeet = Boolean(event.again);
    parts.ended.show(event, hello, parts.composer.left());
    parts.start.show({ relay: hello.relay, wrong: event.wrong });
    showMeeting();
  },
};

/** What a command asks to see. */
const SIGHTS = {
  help: ({ words }) => parts.help.open(words),
  transfers: () => toTransfers(),
  transfer: ({ id }) => parts.transfers.reveal(id) || toTransfers(),
  files: () => choose(),
  shelf: () => parts.shelf.open(),
  words: () => parts.verify.reveal(),
};

link = openLine({
  event: (event) => EVENTS[event.event]?.(event),
  standing: showStanding,
});

byId("verify-open").addEventListener("click", () => parts.verify.open());
byId("help-open").addEventListener("click", () => parts.help.open());
for (const id of ["leave", "leave-bar"]) byId(id).addEventListener("click", leave);
byId("end").addEventListener("click", end);
byId("banner-retry").addEventListener("click", () => link.retry());
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  if (stage === "talking") parts.views.turn("talk");
  (stage === "talking" ? byId("say") : byId("code")).focus();
});

const keys = listen(
  {
    A: {
      does: "accept the oldest offer",
      run: () => parts.transfers.answer("accept") || tell("there is no offer to accept"),
    },
    D: {
      does: "decline the oldest offer",
      run: () => parts.transfers.answer("decline") || tell("there is no offer to decline"),
    },
    F: {
      does: "choose files to send",
      run: () => choose(),
    },
    L: { does: "the relay’s shelf", run: () => parts.shelf.open() },
    M: {
      does: "to the message",
      run: () => {
        parts.views.turn("talk");
        parts.composer.focus();
      },
    },
    P: { does: "pass the turn without a word", run: () => byId("pass").disabled || parts.composer.pass() },
    T: { does: "to the transfers", run: () => toTransfers() },
    V: { does: "compare the words", run: () => parts.verify.open() },
  },
  () => parts.help.open(),
);
parts.help.keys(keys);

function turnTo(next) {
  if (stage === next) return;
  const was = stage;
  stage = next;
  // It was about what is over.
  setText(byId("notice"), "");
  document.body.dataset.stage = next;
  byId("loading").hidden = true;
  byId("talking").hidden = next !== "talking";
  byId("meeting").hidden = next === "talking";
  showMeeting();
  if (next !== "talking") {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    parts.uploads.end();
  }
  if (next === "talking") {
    parts.views.turn("talk");
    parts.conversation.toNewest();
    // On a phone the focus would bring up the keyboard, and half of what was said were gone from sight.
    if (hasKeyboard()) parts.composer.focus();
  } else if (next === "asking" && hasKeyboard()) {
    byId("code").focus();
  } else if (was === "talking") {
    byId("meeting").focus();
  }
  showTitle();
}

/** Whether there is likely a keyboard: fingers bring up one of glass. */
function hasKeyboard() {
  return !matchMedia("(pointer: coarse)").matches;
}

function toTransfers() {
  parts.views.turn("moves");
  byId("moves-title").focus();
}

function showMeeting() {
  byId("ended").hidden = stage !== "ended";
  byId("start").hidden = !(stage === "asking" || (stage === "ended" && mayMeet));
  byId("start-head").hidden = stage === "ended";
  setText(byId("skip"), stage === "talking" ? "Skip to the message" : "Skip to the code");
}

function begin(source, to) {
  parts.uploads.begin(source, to);
  if (source && to === "shelf") tell(`to the shelf: ${source.label}`);
  if (source && to === "peer" && getComputedStyle(byId("views")).display !== "none") parts.views.turn("moves");
}

/** Whether files can be sent; if not, it is said why. */
function mayBegin() {
  if (!mayOffer(line)) tell("the words differ, so nothing is sent to this peer");
  return mayOffer(line);
}

function choose() {
  if (mayBegin()) byId("files").click();
}

/** Where a drop goes now. */
function dropTarget() {
  if (stage !== "talking") return null;
  if (parts.shelf.mayPut()) return { to: "shelf", text: "Drop to put it on the shelf" };
  if (document.querySelector("dialog[open]") || !mayOffer(line)) return null;
  return { to: "peer", text: `Drop to send it to ${peerName(line)}` };
}

async function leave() {
  const yes = await ask({
    title: "Leave this line?",
    text: "Your seat is free then for whoever comes. What is held and what still moves stops. You can meet again from here.",
    yes: "Leave",
  });
  if (yes) act({ action: "leave" });
}

async function end() {
  const yes = await ask({
    title: "End couplet?",
    text: "You leave the line, and couplet on this machine ends. Every page of it stops working.",
    yes: "End couplet",
  });
  if (yes) act({ action: "end" });
}

/** One sentence about what the user just did. In an open dialog it is said there, as that is above all else. */
function tell(text) {
  const notice = byId("notice");
  (document.querySelector("dialog[open]") ?? document.body).append(notice);
  setText(notice, text);
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => setText(notice, ""), NOTICE);
}

function showTitle() {
  const mine = stage === "talking" && line.peer?.is === "present" && turnWords(line).mine;
  const who = stage === "talking" && line.peer?.name ? `${line.peer.name} · ` : "";
  document.title = `${unread > 0 ? `(${unread}) ` : ""}${mine ? "your turn · " : ""}${who}couplet`;
}

/** The connection to the program on this machine. Short breaks aren't worth a word. */
function showStanding(standing) {
  const banner = byId("banner");
  clearInterval(showStanding.timer);
  if (standing.is === "open") {
    banner.hidden = true;
    showStanding.since = null;
    document.body.dataset.lost = "false";
    parts.shelf.again();
    return;
  }
  parts.composer.lose();
  showStanding.since ??= Date.now();
  const show = () => {
    const isLong = Date.now() - showStanding.since >= PATIENCE;
    const isWanted = !(stage === "ended" && !mayMeet);
    if (!isLong || !isWanted) return;
    document.body.dataset.lost = "true";
    banner.hidden = false;
    setText(byId("banner-text"), lossWords(standing.answer));
    byId("banner-retry").hidden = standing.answer === 403;
    setText(byId("banner-retry"), `Try now (${secondsUntil(standing.retryAt)} s)`);
  };
  show();
  showStanding.timer = setInterval(show, 500);
}

function lossWords(answer) {
  const command = `${hello.started_as || "couplet web"}${hello.keeps ? " --last" : ""}`;
  if (answer === 403) return "couplet was started anew and doesn’t know this page: open the address that it shows in its terminal.";
  if (answer === 200) return "couplet runs, but takes no further page: close one of those that are open.";
  return `couplet isn’t running any more; start it again: ${command}`;
}
