// What moves, waits for an answer, or has arrived.
//
// Owns the list of transfers and the sum below it. Rows are kept while their transfer is there: twice a second something
// in them changes, and neither focus nor an open detail may be lost for it.

import { chart, EVERY } from "./chart.js";
import { byId, el, setText, spoken } from "./dom.js";
import { bytes, count, grouped, partOf, rate, remaining } from "./words.js";

const ACTIONS = {
  accept: { text: "Accept", class: "primary" },
  decline: { text: "Decline" },
  pause: { text: "Pause" },
  resume: { text: "Resume" },
  cancel: { text: "Cancel" },
};
const MOVES = ["moving", "checking"];
const WAITS = ["offered", "queued", "held", "interrupted"];
/** Samples of the chart: five minutes. */
const ACROSS = 120;

/**
 * @param {{act: (action: object) => boolean, changed: (counts: object) => void, turn: () => void}} listener `turn` brings
 *   the list into sight
 */
export function transfers({ act, changed, turn }) {
  const list = byId("transfers");
  const rows = new Map();
  const flow = chart({ across: ACROSS, height: 100, kind: "flow" });
  byId("flow-chart").append(flow.node);
  // Each as its own row says, and none that isn't in sight yet.
  byId("moves-accept").addEventListener("click", () => offers.forEach((id) => rows.get(id).press("accept")));
  byId("moves-tidy").addEventListener("click", () => act({ action: "tidy" }));
  byId("moves-folder").addEventListener("click", () => act({ action: "folder" }));
  byId("menu-folder").addEventListener("click", () => act({ action: "folder" }));
  let offers = [];

  return {
    show,
    /** Brings one of them into sight, with its details; says whether it is there. */
    reveal(id) {
      if (!rows.has(id)) return false;
      turn();
      rows.get(id).reveal();
      return true;
    },
    /** Answers the offer that has waited longest. */
    answer(how) {
      const oldest = offers.reduce((least, id) => Math.min(least, id), Infinity);
      if (Number.isFinite(oldest)) rows.get(oldest).press(how);
      return Number.isFinite(oldest);
    },
  };

  function show({ transfers: all, flow: speeds = [], all: sum }) {
    const there = new Set(all.map(({ id }) => id));
    for (const id of rows.keys()) {
      if (there.has(id)) continue;
      rows.get(id).node.remove();
      rows.delete(id);
    }
    all.forEach((transfer, at) => {
      if (!rows.has(transfer.id)) rows.set(transfer.id, row(transfer.id, act));
      const { node, draw } = rows.get(transfer.id);
      draw(transfer);
      // Moved only if it stands elsewhere, as moving takes the focus away.
      if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
    });
    list.hidden = all.length === 0;
    offers = all.filter(({ can }) => can.includes("accept")).map(({ id }) => id);
    const number = (stages) => all.filter(({ stage }) => stages.includes(stage)).length;
    const counts = {
      offers: offers.length,
      moving: number(MOVES),
      waiting: number(WAITS),
      over: number(["over"]),
      sum,
    };
    showCounts(counts, all);
    showFlow(speeds);
    changed({ ...counts, words: inWords(counts), total: totalOf(sum) });
  }

  function showCounts(counts, all) {
    setText(byId("moves-count"), inWords(counts));
    byId("moves-accept").hidden = counts.offers < 2;
    byId("moves-tidy").hidden = counts.over === 0;
    byId("moves-folder").hidden = !all.some(({ can }) => can.includes("folder"));
    setText(byId("moves-all"), counts.moving > 0 ? totalOf(counts.sum) : "");
    byId("moves-foot").hidden = [...byId("moves-foot").children].every(
      (child) => child.hidden || child.textContent === "",
    );
  }

  function showFlow(speeds) {
    const moves = speeds.some((speed) => speed > 0);
    byId("flow").hidden = !moves;
    if (!moves) return;
    const top = Math.max(...speeds.slice(-ACROSS));
    const span = remaining(Math.min(speeds.length, ACROSS) * EVERY);
    setText(byId("flow-top"), `top ${rate(top)}`);
    setText(byId("flow-span"), `last ${span}`);
    // As wide as there are samples for, by whole minutes, so that a first minute isn't a needle at the edge.
    flow.node.setAttribute("viewBox", `${ACROSS - across(speeds.length)} 0 ${across(speeds.length) - 1} 100`);
    flow.draw(
      speeds,
      `Speed of everything together: at most ${rate(top)} in the last ${span}, now ${rate(speeds.at(-1) ?? 0)}`,
    );
  }
}

function across(samples) {
  const minute = 60000 / EVERY;
  return Math.min(ACROSS, Math.max(1, Math.ceil(samples / minute)) * minute);
}

function inWords({ offers, moving, waiting }) {
  return [moving && `${moving} moving`, waiting && `${waiting} waiting`, offers && count(offers, "offer")]
    .filter(Boolean)
    .join(", ");
}

function totalOf(sum) {
  return sum
    ? [
        "all",
        sum.percent !== undefined && `${sum.percent}%`,
        sum.rate !== undefined && rate(sum.rate),
        remaining(sum.remaining),
      ]
        .filter(Boolean)
        .join(" ")
    : "";
}

/** One row: made once, drawn as often as its transfer changes. */
function row(id, act) {
  const test = (what) => ({ "data-test": `${what}-${id}` });
  const arrow = el("span", { class: "arrow", "aria-hidden": "true" });
  const way = spoken("");
  const name = el("bdi", { class: "name", ...test("name") });
  const state = el("span", { class: "state", ...test("state") });
  const bar = el("progress", { max: "100", ...test("progress") });
  const figures = el("p", { class: "figures", ...test("figures") });
  const line = chart({ across: 60, height: 16, kind: "spark" });
  const note = el("p", { class: "note", dir: "auto", ...test("note") });
  const existing = el(
    "select",
    { id: `existing-${id}`, ...test("existing") },
    el("option", { value: "", text: "as usual" }),
    el("option", { value: "rename", text: "keep both" }),
    el("option", { value: "overwrite", text: "replace mine" }),
    el("option", { value: "skip", text: "keep mine" }),
  );
  const choice = el(
    "p",
    { class: "existing" },
    el("label", { for: `existing-${id}`, text: "If the name is taken" }),
    existing,
  );
  const buttons = el("div", { class: "row" });
  const facts = el("dl");
  const details = el("details", test("details"), el("summary", {}, "Details", spoken("")), facts);
  const node = el(
    "li",
    { class: "transfer", ...test("transfer") },
    el("p", { class: "title" }, way, arrow, name, state),
    bar,
    figures,
    line.node,
    note,
    choice,
    buttons,
    details,
  );
  const made = new Map();

  function press(action) {
    const message = { action, id };
    if (action === "accept" && !choice.hidden && existing.value) message.existing = existing.value;
    act(message);
  }

  function button(action, transfer) {
    if (!made.has(action)) made.set(action, makeButton(action));
    const node = made.get(action);
    node.setAttribute("aria-label", `${node.dataset.says} ${transfer.name}`);
    return node;
  }

  function makeButton(action) {
    if (action === "download") {
      return el("a", {
        class: "button small",
        href: `/api/received/${id}`,
        download: "",
        "data-says": "Download",
        text: "Download",
        ...test("download"),
      });
    }
    const { text, class: kind = "" } = ACTIONS[action];
    return el("button", {
      type: "button",
      class: `small ${kind}`,
      "data-says": text,
      text,
      on: { click: () => press(action) },
      ...test(action),
    });
  }

  function draw(transfer) {
    const { stage, can } = transfer;
    node.dataset.stage = stage;
    node.dataset.end = transfer.good ? "good" : transfer.bad ? "bad" : "";
    setText(way, transfer.way === "in" ? "receiving" : "sending");
    setText(arrow, transfer.way === "in" ? "⇣" : "⇡");
    setText(name, transfer.name);
    setText(state, transfer.good ? `${transfer.state} ✓` : transfer.bad ? `${transfer.state} ✗` : transfer.state);
    const isUnderway = !["over", "answer", "offered"].includes(stage) && transfer.percent !== undefined;
    bar.hidden = !isUnderway;
    if (isUnderway) bar.value = transfer.percent;
    bar.setAttribute("aria-label", `${transfer.name}: ${transfer.state}`);
    setFigures(figures, figuresOf(transfer));
    figures.hidden = !figures.textContent;
    const speeds = transfer.speeds ?? [];
    line.node.toggleAttribute("hidden", !(stage === "moving" && speeds.length > 1));
    line.draw(speeds, `Speed of ${transfer.name}: now ${rate(speeds.at(-1) ?? 0)}`);
    setText(note, transfer.note ?? "");
    note.hidden = !transfer.note;
    choice.hidden = !(can.includes("accept") && transfer.note);
    const wanted = can
      .filter((action) => action in ACTIONS || action === "download")
      .map((action) => button(action, transfer));
    if (wanted.length !== buttons.children.length || wanted.some((one, at) => buttons.children[at] !== one))
      buttons.replaceChildren(...wanted);
    buttons.hidden = wanted.length === 0;
    drawFacts(transfer);
  }

  function drawFacts(transfer) {
    const known = factsOf(transfer);
    details.hidden = known.length === 0;
    setText(details.firstChild.lastChild, ` of ${transfer.name}`);
    const said = JSON.stringify(known);
    if (facts.dataset.said === said) return;
    facts.dataset.said = said;
    facts.replaceChildren(
      ...known.flatMap(([what, fact]) => [el("dt", { text: what }), el("dd", { class: "mono", text: fact })]),
    );
  }

  function reveal() {
    details.open = true;
    node.scrollIntoView({ block: "nearest" });
    (details.hidden ? node.querySelector("button, a") : details.firstChild)?.focus();
  }

  return { node, draw, press, reveal };
}

function figuresOf(transfer) {
  const { stage, about, size, done, resumed } = transfer;
  if (["answer", "offered", "queued", "over"].includes(stage) || done === undefined) return about ? [about] : [];
  const parts = [size === undefined ? bytes(done) : partOf(done, size)];
  if (stage === "moving") {
    if (transfer.rate !== undefined) parts.push(rate(transfer.rate));
    parts.push(`eta ${remaining(transfer.remaining)}`);
  }
  if (filesOf(transfer)) parts.push(filesOf(transfer));
  if (resumed > 0 && stage === "moving") parts.push(`${bytes(resumed)} were here`);
  return parts;
}

/** Breaks between figures and not within one. */
function setFigures(node, parts) {
  if (node.textContent === parts.join(" · ")) return;
  node.replaceChildren(
    ...parts.flatMap((part, at) => [el("span", { text: part }), at < parts.length - 1 ? " · " : ""]),
  );
}

function filesOf({ files }) {
  return files ? `${grouped(files[0])}/${count(files[1], "file")}` : "";
}

function factsOf(transfer) {
  const facts = [];
  if (transfer.hash) facts.push(["BLAKE3", transfer.hash]);
  if (transfer.size !== undefined && transfer.stage === "over") facts.push(["Size", `${grouped(transfer.size)} bytes`]);
  if (filesOf(transfer)) facts.push(["Files", filesOf(transfer)]);
  if (transfer.resumed > 0) facts.push(["Was here before", bytes(transfer.resumed)]);
  return facts;
}
