// A file that is one document: of our own envelopes the signature is checked, of anybody else's nothing.

const SINGLE_ROLES = { receipt: "writer", "runtime-reference": "sealer" };
const PROOF = "c2sp.org/tlog-proof@v1\n";

class Single {
  constructor(facts, keys) {
    this.facts = facts;
    this.keys = keys;
    this.sheet = new Sheet(["page.content", "authenticity.document"]);
    this.rows = new Rows();
    this.hash = new Sha256();
    this.parts = [];
    this.counts = { lines: 0, bytes: 0, entries: 0 };
    this.documents = { references: new Map() };
  }

  async take(octets) {
    this.hash.update(octets);
    this.counts.bytes += octets.length;
    this.parts.push(octets);
  }

  async finish() {
    judgeContent(this.sheet, this.facts.content, this.hash, this.counts);
    const role = SINGLE_ROLES[this.facts.verdict?.kind];
    if (!role) {
      this.sheet.leave(
        "authenticity.document",
        "signatures of others, and their certificates, are not checked in a browser",
      );
      return this.sheet.settle();
    }
    try {
      const text = textOf(joinOctets(...this.parts));
      if (text.startsWith(PROOF)) {
        this.sheet.leave("authenticity.document", "the proof of a receipt's place is not followed in a browser");
        return this.sheet.settle();
      }
      const ring = new Ring(this.keys, role, this.facts.thresholds[role]);
      // Behind a sub-mandate stand its parents, a line each.
      for (const line of text.replace(/\n$/, "").split("\n")) {
        const envelope = parseCanonical(line);
        const payload = fromBase64(envelope.payload);
        const { predicate } = parseCanonical(textOf(payload));
        await judgeInto(this.sheet, "authenticity.document", envelope, payload, ring, "");
        if (role === "sealer" && !this.documents.references.size)
          this.documents.references.set(sha256Hex(payload), { digest: sha256Hex(payload), predicate });
      }
    } catch (error) {
      this.sheet.fail("authenticity.document", error.message, "");
    }
    return this.sheet.settle();
  }
}
