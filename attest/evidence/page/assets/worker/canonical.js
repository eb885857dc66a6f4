// RFC 8785: JSON has one form a document. JavaScript writes numbers and strings as that standard demands; what is left
// are the keys, sorted by UTF-16 units, which is how JavaScript sorts.

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(",")}}`;
}

// A document that is not its own canonical form may hold a key twice, of which a reader sees only one: it is refused.
function parseCanonical(text) {
  const value = JSON.parse(text);
  if (canonical(value) !== text) throw new Error("expected the RFC 8785 form, found another spelling");
  return value;
}
