// What somebody wrote, as nodes: lines, links, quotations and code.
//
// Owns what counts as one of them. Everything becomes text nodes; a link leads where its text says and nowhere else, and
// only printable ASCII is a part of it, so it can't hide anything.

import { el } from "./dom.js";

/** The longest address that becomes a link, and the most of them in one text: more is text. */
const MOST_LETTERS = 1000;
const MOST_LINKS = 100;

/**
 * The nodes of a text.
 * @param {string} text
 * @returns {Node[]}
 */
export function prose(text) {
  const budget = { links: MOST_LINKS };
  return blocks(text).map(({ kind, lines }) => {
    const whole = lines.join("\n");
    if (kind === "code") return el("pre", { dir: "ltr" }, el("code", { text: whole }));
    return el(kind === "quote" ? "blockquote" : "p", { dir: "auto" }, ...linked(whole, budget));
  });
}

/** Lines between fences are code, those that begin with `>` a quotation; what a fence leaves open is no code. */
function blocks(text) {
  const found = [];
  const lines = text.split("\n");
  const add = (kind, line) => {
    const last = found.at(-1);
    if (last?.kind === kind) last.lines.push(line);
    else found.push({ kind, lines: [line] });
  };
  for (let at = 0; at < lines.length; at += 1) {
    const closes = lines[at].startsWith("```") ? lines.indexOf("```", at + 1) : -1;
    if (closes > at + 1) {
      found.push({ kind: "code", lines: lines.slice(at + 1, closes) });
      at = closes;
    } else if (lines[at].startsWith(">")) {
      add("quote", lines[at].replace(/^> ?/, ""));
    } else {
      add("plain", lines[at]);
    }
  }
  return found;
}

function linked(text, budget) {
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(/https?:\/\/[a-z0-9[][!-~]*/gi)) {
    const address = trimmed(match[0]);
    if (address.length > MOST_LETTERS || budget.links === 0 || !leadsSomewhere(address)) continue;
    budget.links -= 1;
    nodes.push(document.createTextNode(text.slice(done, match.index)));
    nodes.push(el("a", { href: address, rel: "noopener noreferrer", target: "_blank", text: address }));
    done = match.index + address.length;
  }
  nodes.push(document.createTextNode(text.slice(done)));
  return nodes;
}

/** Without what belongs to the sentence: a full stop at its end, a bracket that was opened before it. */
function trimmed(address) {
  let end = address.length;
  let open = 0;
  for (const letter of address) open += letter === "(" ? 1 : letter === ")" ? -1 : 0;
  for (; end > 0; end -= 1) {
    const last = address[end - 1];
    if (last === ")" && open < 0) open += 1;
    else if (!".,;:!?'\"<>]}`*_".includes(last)) break;
  }
  return address.slice(0, end);
}

function leadsSomewhere(address) {
  try {
    const { protocol, hostname, username, password } = new URL(address);
    // A name before the host only ever looks like another host.
    return (protocol === "http:" || protocol === "https:") && hostname !== "" && !username && !password;
  } catch {
    return false;
  }
}
