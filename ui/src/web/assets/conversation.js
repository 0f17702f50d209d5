// What was said.
//
// Owns the list of entries: where each stands, the rulers of days and of what is new, and where the list is scrolled to.
// What has been seen is decided here, as only the list knows what of it is in view.

import { byId, el, setText, spoken } from "./dom.js";
import { prose } from "./prose.js";
import { clock, day, grouped } from "./words.js";

/** Entries that are drawn before the oldest are let go; they come again when somebody scrolls up to them. */
const MOST_DRAWN = 1500;
/** What is said within this time by the same one stands under one name. */
const TOGETHER = 5 * 60 * 1000;
const SIGNS = { info: "·", good: "✓", trouble: "!", incoming: "⇣", outgoing: "⇡", step: "→" };
const SPOKEN_SIGNS = { incoming: "incoming", outgoing: "outgoing", trouble: "trouble", good: "good" };
const MARKS = { sent: ["·", "sent"], taken: ["✓", "taken by the relay"], shown: ["✓✓", "shown"] };

/**
 * @param {{act: (action: object) => void, unread: (count: number) => void}} listener
 */
export function conversation({ act, unread }) {
  const log = byId("log");
  const head = byId("log-head");
  const below = byId("below");
  /** Numbers in order, and what is drawn of each: `{entry, node, ruler}`. */
  let order = [];
  const drawn = new Map();
  let first = 0;
  let asked = -1;
  /** Everything before this number has been in view. */
  let seen = null;
  let told = -1;
  let ruler = null;
  let pinned = true;
  let lastTop = 0;

  log.addEventListener(
    "scroll",
    () => {
      // Only who scrolls up leaves the newest; it may also move away as the list gets lower.
      if (log.scrollHeight - log.scrollTop - log.clientHeight < 12) pinned = true;
      else if (log.scrollTop < lastTop - 1) pinned = false;
      lastTop = log.scrollTop;
      if (log.scrollTop < 120) askEarlier();
      look();
    },
    { passive: true },
  );
  below.addEventListener("click", () => {
    toNewest();
    log.focus();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && seen === next()) dropRuler();
    look();
  });
  new ResizeObserver(() => {
    if (pinned) toNewest();
    look();
  }).observe(log);

  return { show, toNewest, look, mine };

  /** Takes entries, new ones and such that have changed. */
  function show({ entries, first: oldest, all }) {
    if (oldest !== undefined) first = oldest;
    const anchor = all && !pinned ? topmost() : null;
    if (all) clear();
    const before = order[0] ?? Infinity;
    const older = entries.filter(({ n }) => n < before && order.length > 0);
    const fresh = entries.filter(({ n }) => n >= before || order.length === 0);
    // Only what is new is read out: neither what was there before, nor what is loaded from further up.
    log.setAttribute("aria-live", all || older.length > 0 ? "off" : "polite");
    const bottom = log.scrollHeight - log.scrollTop;
    older.forEach(put);
    if (older.length > 0) lastTop = log.scrollTop = log.scrollHeight - bottom;
    const firstNew = fresh.find(({ n, who }) => !drawn.has(n) && who !== "me");
    fresh.forEach(put);
    if (seen === null || seen > next()) seen = next();
    if (firstNew && firstNew.n >= seen && !ruler && !isInView()) setRuler(firstNew.n);
    trim();
    showHead();
    if (all && !pinned) returnTo(anchor);
    if (pinned) toNewest();
    else look();
    if (all) requestAnimationFrame(() => log.setAttribute("aria-live", "polite"));
  }

  /** The user has said something: what was new is old now, and the newest is what is looked at. */
  function mine() {
    dropRuler();
    toNewest();
  }

  function toNewest() {
    log.scrollTop = log.scrollHeight;
    lastTop = log.scrollTop;
    pinned = true;
    look();
  }

  /** The entry at the upper edge, and where it is. */
  function topmost() {
    const edge = log.getBoundingClientRect().top;
    const n = order.find((number) => drawn.get(number).node.getBoundingClientRect().bottom > edge);
    return n === undefined ? null : { n, top: drawn.get(n).node.getBoundingClientRect().top };
  }

  /** Everything was drawn anew: the same stands at the edge again, or else the newest is shown. */
  function returnTo(anchor) {
    const again = anchor && drawn.get(anchor.n);
    if (again) lastTop = log.scrollTop += again.node.getBoundingClientRect().top - anchor.top;
    else pinned = true;
  }

  function next() {
    return order.length > 0 ? order.at(-1) + 1 : 0;
  }

  function isInView() {
    return document.visibilityState === "visible" && pinned && log.clientHeight > 0;
  }

  /** Notes what is in view now, and says it. */
  function look() {
    if (isInView() && order.length > 0) {
      seen = next();
      if (told !== seen) {
        told = seen;
        act({ action: "shown", before: seen });
      }
    }
    const behind = order.filter((n) => n >= (seen ?? 0));
    const words = behind.filter((n) => drawn.get(n).entry.who === "peer").length;
    unread(words);
    below.hidden = pinned;
    setText(below, behind.length > 0 ? `${behind.length} new below ↓` : "Newest ↓");
  }

  function clear() {
    for (const { node, ruler: mark } of drawn.values()) {
      node.remove();
      mark?.remove();
    }
    drawn.clear();
    order = [];
    asked = -1;
    told = -1;
    dropRuler();
  }

  function put(entry) {
    const known = drawn.get(entry.n);
    if (known && isSameBut("mark", known.entry, entry)) {
      // In its place, so that a screen reader doesn't read all of it again.
      showMark(known.node.lastChild, entry);
      known.entry = entry;
      return;
    }
    const node = nodeOf(entry);
    if (known) {
      known.node.replaceWith(node);
      Object.assign(known, { entry, node });
    } else {
      const at = placeOf(entry.n);
      const after = drawn.get(order[at]);
      log.insertBefore(node, after ? (after.ruler ?? after.node) : null);
      order.splice(at, 0, entry.n);
      drawn.set(entry.n, { entry, node, ruler: null });
    }
    const at = placeOf(entry.n);
    fit(at);
    fit(at + 1);
  }

  function placeOf(n) {
    if (order.length === 0 || n > order.at(-1)) return order.length;
    let [low, high] = [0, order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order[middle] < n) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What depends on the entry before: whether a day begins, and whether the name is said again. */
  function fit(at) {
    const here = drawn.get(order[at]);
    if (!here) return;
    const previous = drawn.get(order[at - 1]);
    const begins = !previous || day(previous.entry.at) !== day(here.entry.at);
    if (begins && !here.ruler) {
      here.ruler = el("p", { class: "ruler day" }, el("span", { text: day(here.entry.at) }));
      log.insertBefore(here.ruler, here.node);
    } else if (!begins) {
      here.ruler?.remove();
      here.ruler = null;
    }
    const same = !begins && previous.entry.who === here.entry.who && previous.entry.name === here.entry.name;
    here.node.classList.toggle("again", same && here.entry.at - previous.entry.at < TOGETHER && isSaid(here.entry));
    here.node.classList.toggle("turns", Boolean(previous) && !same && isSaid(here.entry));
  }

  function setRuler(n) {
    dropRuler();
    const here = drawn.get(n);
    ruler = el("p", { class: "ruler new", "data-test": "unread-ruler" }, el("span", { text: "new" }));
    log.insertBefore(ruler, here.node);
    here.node.classList.remove("again");
  }

  function dropRuler() {
    ruler?.remove();
    ruler = null;
  }

  function askEarlier() {
    const oldest = order[0];
    if (oldest === undefined || oldest <= first || asked === oldest) return;
    if (act({ action: "earlier", before: oldest }) !== false) asked = oldest;
    showHead();
  }

  function trim() {
    if (!pinned || order.length <= MOST_DRAWN) return;
    for (const n of order.splice(0, order.length - MOST_DRAWN)) {
      const { node, ruler: mark } = drawn.get(n);
      node.remove();
      mark?.remove();
      drawn.delete(n);
    }
    asked = -1;
    fit(0);
  }

  function showHead() {
    const before = (order[0] ?? first) - first;
    const begins = order.length > 0 ? "The line begins here" : "";
    setText(head, before > 0 ? `${grouped(before)} earlier` : begins);
  }
}

function isSaid(entry) {
  return entry.who === "me" || entry.who === "peer";
}

function nodeOf(entry) {
  const { n, at, who, name, text } = entry;
  const time = el("time", {
    datetime: new Date(at).toISOString(),
    title: new Date(at).toLocaleString("en-GB"),
    text: clock(at),
  });
  const by = isSaid(entry)
    ? el("span", { class: "who" }, el("bdi", { text: who === "me" ? "me" : name || "peer" }), spoken(":"))
    : el(
        "span",
        { class: "who" },
        el("span", { "aria-hidden": "true", text: SIGNS[who] ?? "·" }),
        SPOKEN_SIGNS[who] ? spoken(`${SPOKEN_SIGNS[who]}:`) : "",
      );
  const marked = el("span", { class: "mark", "aria-live": "off", "data-test": `mark-${n}` });
  showMark(marked, entry);
  const said = el("div", { class: "text", dir: "auto" }, ...prose(text));
  return el(
    "div",
    { class: `entry ${isSaid(entry) ? "said" : "told"}`, "data-who": who, "data-n": n, "data-test": `entry-${n}` },
    time,
    by,
    said,
    marked,
  );
}

function showMark(node, { mark }) {
  const [sign, word] = MARKS[mark] ?? ["", ""];
  node.dataset.mark = mark ?? "";
  node.title = word;
  node.replaceChildren(...(word ? [el("span", { "aria-hidden": "true", text: sign }), spoken(word)] : []));
}

/** Whether two entries differ at most in this. */
function isSameBut(field, one, other) {
  const rest = (entry) => JSON.stringify({ ...entry, [field]: undefined }, Object.keys({ ...one, ...other }).sort());
  return rest(one) === rest(other);
}
