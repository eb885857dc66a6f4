// A receipt is about what it says: the sealed manifest and artifacts, or, if it is bad news, the digest of its own
// record. Otherwise a tool that reads subjects alone would take bad news for good.

const OWN_RECORDS = {
  "runtime-violation": "findings",
  "runtime-event": "event",
  "tool-denial": "denial",
  "caller-drift": "drift",
};

// Returns what is wrong, or null.
function judgeSubject(statement, event, references) {
  const subjects = statement.subject ?? [];
  const found = subjects[0]?.digest?.sha256;
  const field = OWN_RECORDS[event];
  if (field) {
    const expected = sha256Hex(utf8(canonical(statement.predicate[field])));
    return subjects.length === 1 && found === expected ? null : { expected, found };
  }
  const named = statement.predicate.receipt?.reference;
  const sealed = references.get(named);
  // That the reference is not here is another check's fault.
  if (!sealed?.predicate) return named ? null : { expected: "a reference", found: "none" };
  const known = new Set(
    [sealed.predicate.manifest, ...sealed.predicate.artifacts].map(({ digest }) => canonical(digest)),
  );
  const good =
    found === sealed.predicate.manifest.digest.sha256 && subjects.every(({ digest }) => known.has(canonical(digest)));
  return good ? null : { expected: sealed.predicate.manifest.digest.sha256, found };
}
