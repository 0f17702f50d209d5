// Files on their way from the browser to couplet on this machine, which then offers them.
//
// Owns the reading: a file goes out as the browser reads it and is never held in memory, at most two at a time; what
// fails or is cancelled is thrown away whole, at whatever step it is. A row tells of it until the transfer itself has one:
// from then on it is cancelled there.

import { byId, el, setText, spoken } from "./dom.js";
import { bytes, count, grouped, partOf } from "./words.js";

/** Files that are read at the same time. */
const AT_ONCE = 2;

/** @returns {{begin: (source: object|null, to: "peer"|"shelf") => void, end: () => void, count: () => number}} */
export function uploads({ changed, tell, meeting }) {
  const list = byId("uploads");
  const all = new Set();
  let last = 0;

  addEventListener("beforeunload", (event) => {
    if ([...all].some((upload) => upload.isReading())) event.preventDefault();
  });
  // Nobody can go on with it: the files were given to this page.
  addEventListener("pagehide", end);

  function note() {
    list.hidden = all.size === 0;
    changed(all.size);
  }

  function end() {
    for (const upload of [...all]) upload.end();
  }

  return {
    begin(source, to) {
      if (!source) return;
      last += 1;
      const gone = () => {
        all.delete(upload);
        upload.node.remove();
        note();
      };
      const upload = reading(last, source, to, { gone, tell, meeting: meeting() });
      all.add(upload);
      list.append(upload.node);
      note();
      upload.start();
    },
    /** There is nobody any more whom they were meant for. */
    end,
    count: () => all.size,
  };
}

/** One drop or choice, from the first byte until it is offered. */
function reading(number, source, to, { gone, tell, meeting }) {
  const test = (what) => ({ "data-test": `${what}-${number}` });
  const state = el("span", { class: "state", text: "reading…" });
  const bar = el("progress", { max: "1", "aria-label": `Reading ${source.label}`, ...test("upload-progress") });
  const figures = el("p", { class: "figures", ...test("upload-figures") });
  const trouble = el("p", { class: "note wrong", role: "alert", ...test("upload-trouble") });
  const stop = el("button", {
    type: "button",
    class: "small",
    text: "Cancel",
    "aria-label": `Cancel ${source.label}`,
    on: { click: () => cancel() },
    ...test("upload-cancel"),
  });
  const again = el("button", {
    type: "button",
    class: "small",
    text: "Try again",
    "aria-label": `Try ${source.label} again`,
    hidden: true,
    on: { click: () => start() },
    ...test("upload-retry"),
  });
  const node = el(
    "li",
    { class: "transfer upload", ...test("upload") },
    el(
      "p",
      { class: "title" },
      spoken("reading"),
      el("span", { class: "arrow", "aria-hidden": "true", text: "⇡" }),
      el("bdi", { class: "name", text: source.label }),
      state,
    ),
    bar,
    figures,
    trouble,
    el("div", { class: "row" }, again, stop),
  );
  let run = null;

  async function start() {
    const mine = { requests: new Map(), done: 0, files: 0, stopped: false, id: null, isAsked: false, isUnwanted: false };
    run = mine;
    setText(state, "reading…");
    setText(trouble, "");
    trouble.hidden = again.hidden = true;
    bar.hidden = stop.disabled = false;
    setText(stop, "Cancel");
    draw(mine);
    try {
      mine.id = (await asked("POST", "/api/uploads")).id;
      // Cancelled before there was a number to throw away.
      if (mine.stopped) return void discard(mine);
      await everything(mine);
      if (mine.stopped) return;
      setText(state, to === "shelf" ? "putting…" : "offering…");
      mine.isAsked = true;
      await asked("POST", `/api/uploads/${mine.id}/send`, { to, meeting });
      if (mine.stopped) return;
      mine.stopped = true;
      handedOver(mine);
    } catch (error) {
      if (mine.stopped) return;
      const answer = await abandon(mine);
      // Its own answer may have been lost; what was handed over can't be thrown away.
      if (mine.isAsked && answer === 409) return handedOver(mine);
      if (mine.isUnwanted) return gone();
      setText(state, "failed ✗");
      setText(trouble, error.message);
      trouble.hidden = again.hidden = false;
      bar.hidden = true;
      setText(stop, "Dismiss");
    }
  }

  /** From here on there is a transfer of it. */
  function handedOver(mine) {
    if (mine.isUnwanted) tell(`${source.label} was sent on before it could be cancelled; cancel it among the transfers`);
    gone();
  }

  /** Two hands take from one walk, until it is over or one of them fails. */
  async function everything(mine) {
    const walk = source.walk();
    const hand = async () => {
      for await (const item of walk) {
        if (mine.stopped) return;
        try {
          await put(mine, item);
        } catch (error) {
          for (const request of mine.requests.keys()) request.abort();
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, hand));
  }

  async function put(mine, { path, file }) {
    let body = null;
    try {
      body = file ? await file() : null;
    } catch {
      throw new Error(`${path} can’t be read`);
    }
    const modified = body ? `&modified=${body.lastModified}` : "";
    await sent(mine, `/api/uploads/${mine.id}?path=${encodeURIComponent(path)}${modified}`, body, path);
    if (body) {
      mine.done += body.size;
      mine.files += 1;
    }
    draw(mine);
  }

  function draw(mine) {
    let done = mine.done;
    for (const loaded of mine.requests.values()) done += loaded;
    if (source.size === undefined) {
      bar.removeAttribute("value");
      setText(figures, `${bytes(done)} · ${count(mine.files, "file")} so far`);
    } else {
      bar.value = source.size === 0 ? 1 : Math.min(1, done / source.size);
      const files = source.files > 1 ? ` · ${grouped(mine.files)}/${count(source.files, "file")}` : "";
      setText(figures, `${partOf(Math.min(done, source.size), source.size)}${files}`);
    }
  }

  function sent(mine, address, body, path) {
    return new Promise((resolve, reject) => {
      if (mine.stopped) return resolve();
      const request = new XMLHttpRequest();
      mine.requests.set(request, 0);
      request.open("PUT", address);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.addEventListener("progress", ({ loaded }) => {
        mine.requests.set(request, loaded);
        draw(mine);
      });
      request.addEventListener("loadend", () => mine.requests.delete(request));
      request.addEventListener("load", () => {
        if (request.status < 300) resolve();
        else reject(new Error(reason(request.responseText, `${path} wasn’t taken`)));
      });
      request.addEventListener("error", () =>
        reject(new Error(`${path} couldn’t be read, or couplet isn’t running any more`)),
      );
      request.addEventListener("abort", () => resolve());
      request.send(body);
    });
  }

  function abandon(mine) {
    mine.stopped = true;
    for (const request of [...mine.requests.keys()]) request.abort();
    return discard(mine);
  }

  /** Throws it away; gives the answer's status, or nothing if the program is gone, and all of it with that. */
  async function discard(mine) {
    if (mine.id === null) return null;
    const answer = await fetch(`/api/uploads/${mine.id}`, { method: "DELETE", keepalive: true }).catch(() => null);
    return answer?.status;
  }

  function cancel() {
    if (run && !run.stopped && run.isAsked) {
      // Whether it is sent is decided already; the answer tells.
      run.isUnwanted = stop.disabled = true;
      setText(state, "cancelling…");
      return;
    }
    end();
  }

  function end() {
    if (run && !run.stopped) abandon(run);
    gone();
  }

  trouble.hidden = true;
  return { node, start, end, isReading: () => Boolean(run) && !run.stopped };
}

async function asked(method, address, body) {
  let answer;
  try {
    answer = await fetch(address, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    throw new Error("couplet isn’t running any more");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Error(reason(text, "that wasn’t taken"));
  return text ? JSON.parse(text) : {};
}

/** The sentence of an answer that says no. */
function reason(text, otherwise) {
  try {
    return JSON.parse(text).error || otherwise;
  } catch {
    return otherwise;
  }
}
