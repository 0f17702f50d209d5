// Sizes, speeds, shares and times in the few letters there are for them.
//
// Owns the wording of numbers. It is the terminal's: 1 KiB is 1024 bytes, and there are at most three digits.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** A size: `412 MiB`, `9.8 KiB`. */
export function bytes(size) {
  const unit = unitOf(size);
  return `${inUnit(size, unit)} ${UNITS[unit]}`;
}

/** Two sizes in the second one's unit: `65.1/120 MiB`. */
export function partOf(done, size) {
  const unit = unitOf(size);
  return `${inUnit(done, unit)}/${inUnit(size, unit)} ${UNITS[unit]}`;
}

/** A speed: `9.8 MiB/s`. */
export function rate(bytesPerSecond) {
  return `${bytes(bytesPerSecond)}/s`;
}

/** What is left: `0:06`, `1:02:09`, or `--:--` if it can't be told. Rounded up: 0:00 means that it is over. */
export function remaining(span) {
  if (span === undefined || span === null) return "--:--";
  const seconds = Math.ceil(span / 1000);
  const hours = Math.floor(seconds / 3600);
  const two = (number) => String(number).padStart(2, "0");
  const [m, s] = [Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours === 0) return `${m}:${two(s)}`;
  return hours < 100 ? `${hours}:${two(m)}:${two(s)}` : `${Math.floor(hours / 24)} d`;
}

/** The seconds until this moment, rounded up: it says 1 until it is over. */
export function secondsUntil(moment) {
  return Math.max(0, Math.ceil((moment - Date.now()) / 1000));
}

/** How long an answer took: `<1 ms`, `24 ms`, `1.2 s`. */
export function latency(span) {
  if (span < 1) return "<1 ms";
  return span < 1000 ? `${Math.floor(span)} ms` : `${(span / 1000).toFixed(1)} s`;
}

/** `1 file`, `2 files`, `200,000 files`. */
export function count(number, noun) {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** A number that can be read at a glance: `200,000`. */
export function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** The time of day: `12:04`. */
export function clock(at) {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

/** A day, as the reader's language has it; today and yesterday by name. */
export function day(at) {
  const date = new Date(at);
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) return "Today";
  if (date.toDateString() === yesterday.toDateString()) return "Yesterday";
  return date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/** A day and a time in few letters, as in a list of files: `2026-11-22 09:04`. */
export function stamp(at) {
  const date = new Date(at);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at)}`;
}

function unitOf(size) {
  let unit = 0;
  while (unit + 1 < UNITS.length && size / 1024 ** unit >= 999.5) unit += 1;
  return unit;
}

function inUnit(size, unit) {
  if (unit === 0) return String(size);
  const value = size / 1024 ** unit;
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}
