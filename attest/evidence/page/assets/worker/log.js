// One log: entries numbered without a gap, each with the hash of the one before and of the receipt beside it; all of
// them in the tree that the checkpoint signs; all receipts and the checkpoint by one writer.

const GENESIS = "0".repeat(64);
const CHAIN = "integrity.entry-chain";
const COMMITMENT = "integrity.commitment";
const RECEIPTS = "authenticity.receipts";

class Log {
  constructor(line, where, { sheet, ring, documents, writers }) {
    Object.assign(this, {
      origin: line.origin,
      sheet,
      ring,
      documents,
      writers,
      previous: GENESIS,
      time: "",
      writer: null,
    });
    this.frontier = new Frontier();
    try {
      this.begin(line);
      sheet.count("integrity.start");
    } catch (error) {
      sheet.fail("integrity.start", error.message, where);
    }
  }

  // From genesis, or from the right edge of an earlier tree with a proof that the entry before is in it.
  begin({ size, frontier, previousEntry, previousProof, origin }) {
    if (size === 0) {
      if (frontier.length || previousEntry || previousProof.length) throw new Error("an empty log with a past");
      return;
    }
    const edge = new Frontier(size, frontier.map(fromHex));
    const before = utf8(canonical(previousEntry));
    const proof = previousProof.map(fromHex);
    if (previousEntry.sequence !== size - 1 || previousEntry.origin !== origin) throw new Error("another entry before");
    if (!provesInclusion(leafHash(before), size - 1, size, proof, edge.root())) {
      throw new Error("the entry before is not in the tree that it begins with");
    }
    this.frontier = edge;
    this.previous = sha256Hex(before);
    this.time = previousEntry.time;
  }

  // Takes an entry and what stands beside it. All that depends on order is done when this returns; `signed` promises
  // whether the signature holds (null: nobody could tell), and `faults` is what was wrong up to then.
  take({ value, entry, receipt }, where) {
    const faults = [];
    const fail = (id, detail, expected, found) => {
      faults.push(`${detail}: expected ${expected}, found ${found}`);
      this.sheet.fail(id, detail, where, expected, found);
    };
    this.follow(value.entry, entry, fail);
    if (!receipt) return { faults, statement: null, signed: Promise.resolve(null) };
    const commitment = sha256Hex(receipt);
    if (commitment !== value.entry.commitment) {
      fail(COMMITMENT, "the receipt is not the one that its entry commits to", value.entry.commitment, commitment);
    }
    this.sheet.count(COMMITMENT);
    try {
      const payload = fromBase64(value.receipt.payload);
      const signed = judgeInto(this.sheet, RECEIPTS, value.receipt, payload, this.ring, where);
      return { faults, statement: this.read(value, payload, fail), signed };
    } catch (error) {
      fail(COMMITMENT, "the receipt cannot be read", "an in-toto statement in RFC 8785 form", error.message);
      return { faults, statement: null, signed: Promise.resolve(null) };
    }
  }

  read(value, payload, fail) {
    const statement = parseCanonical(textOf(payload));
    this.compare(value, statement, fail);
    const wrong = judgeSubject(statement, value.entry.event, this.documents.references);
    if (wrong)
      fail("integrity.subject", "the receipt is about something else than it says", wrong.expected, wrong.found);
    this.sheet.count("integrity.subject");
    this.byWriter(statement.predicate.receipt, value.receipt, fail);
    this.writers.compare(statement.predicate, fail);
    return statement;
  }

  follow(entry, octets, fail) {
    if (entry.sequence !== this.frontier.size) {
      fail(CHAIN, "an entry is missing, doubled or moved", this.frontier.size, entry.sequence);
    } else if (entry.previous !== this.previous) {
      fail(CHAIN, "the entry before is not the one it was", entry.previous, this.previous);
    } else if (entry.origin !== this.origin) {
      fail(CHAIN, "an entry of another log", this.origin, entry.origin);
    } else if (entry.time < this.time) {
      // Times have one form, which sorts as they do.
      fail(CHAIN, "time falls", `${this.time} or later`, entry.time);
    }
    this.sheet.count(CHAIN);
    this.previous = sha256Hex(octets);
    this.time = entry.time;
    this.frontier.append(leafHash(octets));
  }

  compare({ entry, receipt }, { predicateType, predicate }, fail) {
    const header = predicate.receipt;
    const said = [header.logOrigin, header.sequence, header.previous, header.realTime, predicateType];
    const expected = [entry.origin, entry.sequence, entry.previous, entry.time, RECEIPTS_OF.get(entry.event)];
    if (said.some((each, at) => each !== expected[at]) || receipt.payloadType !== PAYLOAD_TYPE) {
      fail(COMMITMENT, "the receipt belongs to another place than its entry", expected.join(" "), said.join(" "));
    }
  }

  byWriter(header, receipt, fail) {
    const signers = receipt.signatures.map((each) => each.keyid);
    this.writer ??= header.writer;
    if (header.writer !== this.writer || !signers.includes(header.writer)) {
      fail(RECEIPTS, "signed by another key than the log's writer", this.writer, signers.join(", "));
    }
    if (!header.reference) return;
    const sealed = this.documents.references.get(header.reference);
    if (!sealed)
      fail("authenticity.references", "a receipt about a reference that is not here", header.reference, "nothing");
    else if (!this.writers.isNamedBy(sealed.predicate, header.writer)) {
      const named = (sealed.predicate.writers ?? []).join(", ");
      fail(RECEIPTS, "the writer is not one that the reference names", named, header.writer);
    }
  }

  async finish(text, where) {
    const note = readNote(text);
    const root = this.frontier.root();
    if (note.origin !== this.origin || note.size !== this.frontier.size || !equalOctets(note.root, root)) {
      const here = `${this.frontier.size} entries, root ${toHex(root)}`;
      const signed = `${note.size} entries, root ${toHex(note.root)}`;
      this.sheet.fail("integrity.tree", "entries and checkpoint do not belong together", where, signed, here);
    }
    this.sheet.count("integrity.tree");
    if (!this.ring.keys.size) {
      this.sheet.leave("authenticity.checkpoint", "no key to check it with came with this page");
      return;
    }
    const wrong = await judgeNote(note, this.origin, this.writer, this.ring);
    if (wrong?.unchecked) this.sheet.leave("authenticity.checkpoint", wrong.unchecked);
    else if (wrong) {
      this.sheet.fail("authenticity.checkpoint", "not signed by the log's writer", where, wrong.expected, wrong.found);
    } else this.sheet.count("authenticity.checkpoint");
  }
}
