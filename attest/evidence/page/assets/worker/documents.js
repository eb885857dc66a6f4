// References and build evidence: each named by its digest, and nothing here that nobody names.

class Documents {
  constructor(sheet, ring) {
    this.sheet = sheet;
    this.ring = ring;
    this.references = new Map();
    this.evidence = new Set();
    this.named = new Set();
    this.last = "";
  }

  takeEvidence({ digest, bytes }, where) {
    this.inOrder(digest, where);
    const found = sha256Hex(fromBase64(bytes));
    if (found !== digest) this.sheet.fail("integrity.evidence", "build evidence was changed", where, digest, found);
    else this.sheet.count("integrity.evidence");
    this.evidence.add(digest);
  }

  async takeReference({ digest, envelope }, where) {
    if (!this.references.size) this.last = "";
    this.inOrder(digest, where);
    const payload = fromBase64(envelope.payload);
    const found = sha256Hex(payload);
    const statement = parseCanonical(textOf(payload));
    this.references.set(digest, { digest, predicate: statement.predicate });
    if (found !== digest) {
      this.sheet.fail("authenticity.references", "another reference than the line says", where, digest, found);
      return;
    }
    await judgeInto(this.sheet, "authenticity.references", envelope, payload, this.ring, where);
  }

  // Every reference is one that a receipt is about, or its parent; every piece of evidence one that a reference names.
  finish() {
    const named = new Set(this.named);
    for (const digest of named) {
      const parent = this.references.get(digest)?.predicate.parent;
      if (parent) named.add(parent); // which is come to, too
    }
    for (const digest of this.references.keys()) {
      if (!named.has(digest)) {
        this.sheet.fail("authenticity.references", "no receipt is about this reference", "", null, digest);
      }
    }
    const pieces = new Set(
      [...this.references.values()].flatMap(({ predicate }) => predicate.evidence.map((each) => each.digest)),
    );
    for (const digest of this.evidence) {
      if (!pieces.has(digest))
        this.sheet.fail("integrity.evidence", "evidence that no reference names", "", null, digest);
    }
    for (const digest of pieces) {
      if (!this.evidence.has(digest)) this.sheet.fail("integrity.evidence", "evidence is missing", "", digest, null);
    }
  }

  inOrder(digest, where) {
    if (!(digest > this.last)) throw new Error(`${where}: expected lines sorted by digest, each once`);
    this.last = digest;
  }
}

// Checks the signatures of an envelope; returns whether they are good, null if that could not be found out.
async function judgeInto(sheet, id, envelope, payload, ring, where) {
  if (!ring.keys.size) {
    sheet.leave(id, "no key to check it with came with this page");
    return null;
  }
  const wrong = await judgeSignatures(envelope, payload, ring).catch((error) => ({
    expected: "signatures",
    found: error.message,
  }));
  if (wrong?.unchecked) {
    sheet.leave(id, wrong.unchecked);
    return null;
  }
  if (wrong) sheet.fail(id, "not signed as it has to be", where, wrong.expected, wrong.found);
  else sheet.count(id);
  return !wrong;
}
