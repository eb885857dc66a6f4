// The worker's side of the conversation: it asks for pieces one after the other, tells how far it is, and answers what
// the page wants to show. Nothing here can reach a network: the policy of the page holds for its worker, too.

const say = (kind, value) => self.postMessage({ kind, value });
const BINS = 180;
const TOLD_MILLISECONDS = 120;

const work = { judge: null, pieces: [], trees: new Map(), resolve: null };

function want(id) {
  return new Promise((resolve) => {
    work.resolve = resolve;
    say("want", id);
  });
}

async function run(facts) {
  if (!self.crypto?.subtle) throw new Error("this browser gives this page no cryptography: save it, and open the file");
  if (!(await sha256Agrees())) throw new Error("SHA-256 of this page and of this browser differ");
  const keys = await Promise.all(facts.keys.map((key) => new Key(key).ready()));
  let told = 0;
  for (let at = 0; at < facts.content.pieces; at += 1) {
    const packed = fromBase64(await want(`e${at}`));
    const octets = await gunzip(packed);
    work.pieces.push(packed);
    work.judge ??= beginsBundle(octets) ? new Bundle(facts, keys) : new Single(facts, keys);
    await work.judge.take(octets, at);
    if (Date.now() - told > TOLD_MILLISECONDS) {
      told = Date.now();
      say("progress", { done: at + 1, of: facts.content.pieces, entries: work.judge.counts.entries });
    }
  }
  work.judge ??= new Single(facts, keys);
  const checks = await work.judge.finish();
  // What cannot be shown takes nothing away from what was found.
  const references = await coverage(facts).catch(() => []);
  say("done", {
    checks,
    counts: work.judge.counts,
    references,
    logs: (work.judge.logs ?? []).map(({ origin, writer, frontier }) => ({ origin, writer, size: frontier.size })),
    tier: work.judge.header?.tier ?? null,
    anchors: work.judge.anchors ?? 0,
    certified: [...(work.judge.writers?.attestations.keys() ?? [])],
    missing: [...new Set(keys.map((key) => key.missing).filter(Boolean))],
    times: work.judge.times?.points.length ? work.judge.times.summary(BINS) : null,
  });
}

const beginsBundle = (octets) => HEADER_PREFIX === new TextDecoder().decode(octets.subarray(0, HEADER_PREFIX.length));

// Of each reference what is known of its files: by its manifest if that is here, else by the sealed figures.
async function coverage(facts) {
  const manifests = new Map();
  for (let number = 0; number < facts.manifests.length; number += 1) {
    const parts = [];
    for (let at = 0; at < facts.manifests[number].content.pieces; at += 1) {
      parts.push(await gunzip(fromBase64(await want(`m${number}-${at}`))));
    }
    const manifest = readManifest(joinOctets(...parts));
    manifests.set(manifest.digest, manifest);
  }
  return [...work.judge.documents.references.values()].map(({ digest, predicate }) => {
    const manifest = manifests.get(predicate.manifest.digest.sha256);
    work.trees.set(digest, manifest ? treeOfManifest(manifest) : treeOfFigures(predicate));
    const { server, assurance, artifacts, sealedAt, unbound, outside, validity, measurement, enforcement } = predicate;
    return {
      digest,
      server,
      assurance,
      artifacts,
      sealedAt,
      unbound: unbound.length,
      outside: outside.length,
      whole: Boolean(manifest),
      validity,
      measurement,
      enforcement,
    };
  });
}

// A line of the file, unpacked again.
async function lineAt({ piece, begin, end }) {
  const octets = await gunzip(work.pieces[piece]);
  return JSON.parse(textOf(octets.subarray(begin, end)));
}

// The receipt of a row, with what was disclosed of it.
async function detail(place) {
  const row = work.judge.rows.rows[place];
  const { entry, receipt } = await lineAt(row);
  const disclosed = row.disclosed ? textOf(fromBase64((await lineAt(row.disclosed)).value)) : null;
  const statement = receipt ? JSON.parse(textOf(fromBase64(receipt.payload))) : null;
  const signatures = receipt ? receipt.signatures.map((each) => each.keyid) : [];
  return { where: row.where, problem: row.problem, gist: row.gist, entry, statement, signatures, disclosed };
}

const ANSWERS = {
  rows: ({ query, from, to }) => work.judge.rows.slice(query, from, to),
  find: ({ query, place }) => (work.judge.rows.search(query) ?? []).indexOf(place),
  detail: ({ place }) => detail(place),
  tree: ({ digest, path, by }) => lookAt(work.trees.get(digest), path, by),
};

self.onmessage = async ({ data: { kind, value, number } }) => {
  if (kind === "piece") work.resolve(value);
  else if (kind === "begin") run(value).catch((error) => say("failed", error.message));
  else self.postMessage({ kind: "answer", number, value: work.judge ? await ANSWERS[kind](value) : null });
};
