// Words and numbers as people read them.

const number = (value) => Number(value).toLocaleString("en-US");
const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
const brief = (digest) => `${digest.slice(0, 12)}…`;
const percent = (share) => (share > 0 && share < 0.005 ? "< 1 %" : `${Math.round(share * 100)} %`);
const code = (text) => h("code", {}, text);

const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d{3})?Z$/;

// UTC as it stands in the evidence: a time zone would make two pages of the same file differ.
function said(time) {
  const match = TIME.exec(time ?? "");
  return match ? `${match[1]} ${match[2]}` : String(time);
}

const ofMilliseconds = (value) => said(new Date(value).toISOString());

function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let at = 0;
  let value = bytes;
  for (; value >= 1000 && at < units.length - 1; at += 1) value /= 1000;
  return `${at && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

function span(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return plural(seconds, "second");
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} hours`;
  return plural(Math.round(seconds / 86400), "day");
}

// A flag is not broken between its hyphens; a command is, between its words.
const typed = (text) =>
  h(
    "code",
    {},
    ...text.split(/( )/).map((word) => (word === " " ? word : h("span", { class: "whole" }, word))),
  );

// Our own texts name commands between backquotes.
const rich = (text) =>
  String(text)
    .split("`")
    .map((part, at) => (at % 2 ? typed(part) : part));

// Never by colour alone: a sign and a word for each status.
const STATUS = {
  pass: { sign: "✓", word: "pass", tone: "good" },
  fail: { sign: "✕", word: "fail", tone: "bad" },
  broken: { sign: "✕", word: "broken here", tone: "bad" },
  unproven: { sign: "?", word: "unproven", tone: "bad" },
  asserted: { sign: "≈", word: "asserted", tone: "part" },
  "not-applicable": { sign: "–", word: "not applicable", tone: "none" },
  none: { sign: "–", word: "none here", tone: "none" },
  unchecked: { sign: "○", word: "not checked", tone: "part" },
  open: { sign: "·", word: "checking", tone: "none" },
};

function status(name) {
  const { sign, word, tone } = STATUS[name] ?? STATUS.open;
  return h("span", { class: `status ${tone}` }, h("span", { class: "sign", "aria-hidden": "true" }, sign), ` ${word}`);
}

const ORIGIN_WORDS = {
  built: "subject of verified build provenance",
  listed: "named by signed evidence",
  locked: "equals a lock file or index; publisher unproven",
  derived: "made again by a rule from sealed files",
  site: "only seen when it was sealed",
};
