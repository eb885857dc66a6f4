// The order of an evidence bundle's lines, and what one line is. docs/formats.md has both in words.

const FOLLOWERS = {
  "": ["header"],
  header: ["certified-writer", "build-evidence", "reference", "log"],
  "certified-writer": ["certified-writer", "build-evidence", "reference", "log"],
  "build-evidence": ["build-evidence", "reference"],
  reference: ["reference", "log"],
  log: ["entry", "checkpoint"],
  entry: ["entry", "disclosure", "checkpoint"],
  disclosure: ["entry", "checkpoint"],
  checkpoint: ["anchor", "log", "end"],
  anchor: ["anchor", "log", "end"],
  end: [],
};
const HEADER_PREFIX = '{"kind":"header",';
const ENTRY_PREFIX = '{"entry":';

// Entry and receipt as they are hashed, and the line that they make up: any other spelling of the line differs from it.
function readLine(text) {
  const value = JSON.parse(text);
  if (!text.startsWith(ENTRY_PREFIX)) {
    if (value === null || typeof value !== "object" || canonical(value) !== text)
      throw new Error("not in RFC 8785 form");
    return { kind: String(value.kind), value };
  }
  const entry = canonical(value.entry);
  const receipt = value.receipt === undefined ? "" : canonical(value.receipt);
  const tail = receipt ? `,"receipt":${receipt}` : "";
  if (`{"entry":${entry},"kind":"entry"${tail}}` !== text) throw new Error("not in RFC 8785 form");
  return { kind: "entry", value, entry: utf8(entry), receipt: receipt ? utf8(receipt) : null };
}

// Yields [begin, end) of each line in a piece; a piece ends with a whole line, or the file was cut.
function* linesIn(octets) {
  let begin = 0;
  while (begin < octets.length) {
    const feed = octets.indexOf(10, begin);
    yield feed < 0 ? [begin, octets.length, false] : [begin, feed, true];
    if (feed < 0) return;
    begin = feed + 1;
  }
}
