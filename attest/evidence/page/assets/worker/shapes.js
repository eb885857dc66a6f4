// What each line may hold, and nothing besides: a field that nobody expects is one that some reader might obey.

const MANY = 64;
const PREDICATES = "https://mcp-attest.github.io/predicates";
// The predicate type of a receipt, by the event of its entry.
const RECEIPTS_OF = new Map(
  ["runtime-measurement", "runtime-violation", "runtime-event", "tool-permit", "tool-denial", "caller-drift"].map(
    (name) => [name, `${PREDICATES}/${name}/v0.1`],
  ),
);

const isText = (value) => typeof value === "string" && value !== "" && !/[\x00-\x1f\x7f]/.test(value);
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isHash = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value) && value.length === 64;
const isSalt = (value) => typeof value === "string" && value.length === 32 && /^[0-9a-f]{32}$/.test(value);
const isBase64 = (value) => typeof value === "string";
const listOf = (is, least, most) => (value) =>
  Array.isArray(value) && value.length >= least && value.length <= most && value.every(is);

// The one form of a time; that the day exists is what making it again shows.
function isTime(value) {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false;
  const at = Date.parse(value);
  return Number.isFinite(at) && new Date(at).toISOString() === value;
}

// `name?` may be missing.
function record(fields) {
  const known = new Map(
    Object.entries(fields).map(([name, is]) => [name.replace("?", ""), { is, must: !name.endsWith("?") }]),
  );
  return (value) =>
    value !== null &&
    typeof value === "object" &&
    !Array.isArray(value) &&
    Object.entries(value).every(([name, field]) => known.get(name)?.is(field) ?? false) &&
    [...known].every(([name, { must }]) => !must || Object.hasOwn(value, name));
}

const ENTRY = record({
  commitment: isHash,
  event: (value) => RECEIPTS_OF.has(value),
  origin: isText,
  previous: isHash,
  sequence: isCount,
  time: isTime,
});
const SIGNATURE = record({ keyid: isHash, sig: isBase64 });
const ENVELOPE = record({ payload: isBase64, payloadType: isText, signatures: listOf(SIGNATURE, 1, 16) });
const HASHES = listOf(isHash, 0, MANY);
const SCHEMA = "https://mcp-attest.github.io/schemas/evidence-bundle/v0.1";

const SHAPES = new Map(
  Object.entries({
    header: {
      schema: (value) => value === SCHEMA,
      tier: (value) => ["structural", "receipts", "full"].includes(value),
      logs: listOf(isText, 1, MANY),
      "opened?": isCount,
    },
    "certified-writer": { keyid: isHash, key: isBase64, attestation: isBase64 },
    "build-evidence": { digest: isHash, bytes: isBase64 },
    reference: { digest: isHash, envelope: ENVELOPE },
    log: { origin: isText, size: isCount, frontier: HASHES, "previousEntry?": ENTRY, previousProof: HASHES },
    entry: { entry: ENTRY, "receipt?": ENVELOPE },
    disclosure: { salt: isSalt, value: isBase64 },
    checkpoint: { note: isBase64 },
    anchor: { method: (value) => value === "rfc3161", note: isBase64, answer: isBase64, proof: HASHES },
    end: { lines: isCount, sha256: isHash },
  }).map(([kind, fields]) => [kind, record({ kind: (value) => value === kind, ...fields })]),
);

function checkShape(kind, value) {
  if (!SHAPES.get(kind)?.(value))
    throw new Error(`expected the fields of a line ${String(kind).slice(0, 40)}, found others`);
}
