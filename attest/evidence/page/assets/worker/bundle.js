// An evidence bundle from its first line to its last, in the order that the lines have.

const BUNDLE_CHECKS = [
  "page.content",
  "integrity.grammar",
  "integrity.end-line",
  "integrity.start",
  "integrity.entry-chain",
  "integrity.commitment",
  "integrity.subject",
  "integrity.tree",
  "integrity.evidence",
  "integrity.disclosures",
  "authenticity.references",
  "authenticity.writer-certificate",
  "authenticity.receipts",
  "authenticity.checkpoint",
  "page.counts",
];

class Bundle {
  constructor(facts, keys) {
    this.sheet = new Sheet(BUNDLE_CHECKS);
    this.facts = facts;
    this.rings = {
      writer: new Ring(keys, "writer", facts.thresholds.writer),
      sealer: new Ring(keys, "sealer", facts.thresholds.sealer),
    };
    this.documents = new Documents(this.sheet, this.rings.sealer);
    this.writers = new CertifiedWriters(this.sheet, this.rings.writer, facts.verdict);
    this.rows = new Rows();
    this.times = new Times();
    this.hash = new Sha256();
    this.logs = [];
    this.counts = { lines: 0, bytes: 0, entries: 0, measurements: 0, violations: 0, denials: 0, opened: 0 };
    this.before = "";
    this.anchors = 0;
    this.header = null;
    this.end = null;
    this.commitment = null;
    this.broken = "";
  }

  // One unpacked piece: whole lines. The signatures of a piece are checked side by side.
  async take(octets, piece) {
    const signing = [];
    for (const [begin, end, whole] of linesIn(octets)) {
      this.counts.lines += 1;
      const where = `line ${this.counts.lines}`;
      try {
        if (!this.broken)
          await this.takeLine(this.read(octets, begin, end, whole), where, { piece, begin, end }, signing);
      } catch (error) {
        this.breakOff(error, where);
      }
      this.hash.update(octets.subarray(begin, Math.min(end + 1, octets.length)));
    }
    await Promise.all(signing);
    this.counts.bytes += octets.length;
  }

  read(octets, begin, end, whole) {
    if (!whole) throw new Error("the line does not end: the file was cut");
    const line = readLine(textOf(octets.subarray(begin, end)));
    const followers = FOLLOWERS[this.before];
    if (!followers.includes(line.kind)) {
      throw new Error(`expected ${followers.join(" or ") || "nothing more"}, found ${line.kind.slice(0, 40)}`);
    }
    checkShape(line.kind, line.value);
    this.sheet.count("integrity.grammar");
    this.before = line.kind;
    return line;
  }

  // Nothing behind a line that cannot be read is believed; how much was skipped is said.
  breakOff(error, where) {
    this.broken ||= `nothing after ${where} was looked at`;
    this.sheet.fail("integrity.grammar", error.message, where);
  }

  async takeLine(line, where, place, signing) {
    const { value } = line;
    if (line.kind === "entry") signing.push(this.takeEntry(line, where, place));
    else if (line.kind === "header") this.takeHeader(value);
    else if (line.kind === "certified-writer") await this.writers.take(value, where);
    else if (line.kind === "build-evidence") this.documents.takeEvidence(value, where);
    else if (line.kind === "reference") await this.documents.takeReference(value, where);
    else if (line.kind === "log") this.takeLog(value, where);
    else if (line.kind === "disclosure") this.takeDisclosure(value, where, place);
    else if (line.kind === "checkpoint") await this.logs.at(-1).finish(value.note, where);
    else if (line.kind === "anchor") this.anchors += 1;
    else this.takeEnd(value, where);
  }

  takeHeader(value) {
    const { tier, logs, opened } = value;
    if ((opened === undefined) === (tier === "full"))
      throw new Error("expected a count of disclosures at tier full alone");
    if (logs.some((origin, at) => at && !(origin > logs[at - 1]))) throw new Error("expected logs sorted by origin");
    this.header = value;
  }

  takeLog(value, where) {
    if (value.origin !== this.header.logs[this.logs.length])
      throw new Error("expected the logs of the header, in its order");
    const { sheet, documents, writers } = this;
    this.logs.push(new Log(value, where, { sheet, ring: this.rings.writer, documents, writers }));
  }

  // Returns a promise that is kept once the signature was looked at; everything else is done before.
  takeEntry(line, where, place) {
    const { entry } = line.value;
    if ((line.receipt === null) !== (this.header.tier === "structural")) {
      this.sheet.fail("integrity.grammar", "a receipt with every entry, or with none at the structural tier", where);
    }
    const row = this.rows.add({
      ...place,
      place: this.rows.rows.length,
      where,
      log: this.logs.length - 1,
      sequence: entry.sequence,
      said: entry.time,
      time: Date.parse(entry.time),
      event: entry.event,
      gist: "",
      problem: "",
      tone: "",
    });
    this.tally(entry.event);
    const { faults, statement, signed } = this.logs.at(-1).take(line, where);
    this.describe(row, statement?.predicate ?? null);
    row.problem = faults.join("; ");
    return signed.then((good) => {
      if (good === false) row.problem = [...faults, "its signature does not hold"].join("; ");
    });
  }

  // The few words of a row; whether they are true is judged beside it.
  describe(row, predicate) {
    row.gist = predicate ? gistOf(predicate) : "";
    row.tone = toneOf(row.event, predicate);
    this.times.take(row, predicate, row.log);
    this.commitment = predicate ? (openable(predicate) ?? null) : null;
    const runtime = predicate?.measured?.runtime;
    for (const digest of [predicate?.receipt.reference, runtime, ...(predicate?.event?.references ?? [])]) {
      if (digest) this.documents.named.add(digest);
    }
  }

  tally(event) {
    this.counts.entries += 1;
    if (event === "runtime-measurement") this.counts.measurements += 1;
    if (event === "runtime-violation") this.counts.violations += 1;
    if (event === "tool-denial") this.counts.denials += 1;
  }

  takeDisclosure(value, where, place) {
    this.counts.opened += 1;
    if (!this.commitment || !opens(this.commitment, value)) {
      const expected = this.commitment?.sha256 ?? "no disclosure";
      this.sheet.fail(
        "integrity.disclosures",
        "it does not open the commitment before it",
        where,
        expected,
        "another value",
      );
    } else {
      this.sheet.count("integrity.disclosures");
      this.rows.rows.at(-1).disclosed = place;
    }
    this.commitment = null;
  }

  takeEnd(value, where) {
    this.end = value;
    const found = toHex(this.hash.digest());
    const before = this.counts.lines - 1;
    if (value.lines !== before || value.sha256 !== found) {
      const expected = `${before} lines, sha256 ${found}`;
      this.sheet.fail(
        "integrity.end-line",
        "the last line does not fit the lines before it",
        where,
        expected,
        `${value.lines} lines, sha256 ${value.sha256}`,
      );
    } else this.sheet.count("integrity.end-line");
  }

  finish() {
    judgeContent(this.sheet, this.facts.content, this.hash, this.counts);
    if (!this.end)
      this.sheet.fail("integrity.end-line", "the last line is missing: the file was cut", "", "a last line", "none");
    if (this.broken) return this.sheet.stop(this.broken);
    if (this.logs.length !== this.header.logs.length)
      this.sheet.fail("integrity.grammar", "a log is missing", "", this.header.logs.length, this.logs.length);
    if (this.counts.opened !== (this.header.opened ?? 0)) {
      this.sheet.fail(
        "integrity.disclosures",
        "disclosures are missing, or too many",
        "",
        this.header.opened ?? 0,
        this.counts.opened,
      );
    }
    if (this.header.tier !== "structural") this.documents.finish();
    judgeCounts(this.sheet, this.facts.verdict, this.counts);
    return this.sheet.settle();
  }
}

// The pieces are the file that the page names; what is in it is another question.
function judgeContent(sheet, content, hash, counts) {
  const found = toHex(hash.digest());
  if (found !== content.sha256 || counts.bytes !== content.bytes) {
    sheet.fail(
      "page.content",
      "not the bytes that this page was made of",
      "",
      `${content.bytes} bytes, sha256 ${content.sha256}`,
      `${counts.bytes} bytes, sha256 ${found}`,
    );
  } else sheet.count("page.content");
}

function judgeCounts(sheet, verdict, counts) {
  if (!verdict?.counts) return;
  const names = ["entries", "measurements", "violations", "denials"];
  const told = names.map((name) => `${verdict.counts[name]} ${name}`).join(", ");
  const found = names.map((name) => `${counts[name]} ${name}`).join(", ");
  if (told !== found) sheet.fail("page.counts", "the verdict is about other evidence than this", "", told, found);
  else sheet.count("page.counts");
}

function toneOf(event, predicate) {
  if (event === "runtime-violation" || event === "caller-drift" || event === "tool-denial") return "bad";
  const kind = predicate?.event?.kind;
  return kind === "safe-state" || kind === "action-intended" || kind === "action-taken" ? "warn" : "";
}
