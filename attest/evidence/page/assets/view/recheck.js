// What this browser checked, one line a check, with how many things were looked at.

const HERE_WORDS = {
  "page.content": ["The embedded pieces are the bytes that the page was made of", "piece set"],
  "page.counts": ["The verdict counts what is here", "verdict"],
  "integrity.grammar": ["Every line has its one form and place", "line"],
  "integrity.end-line": ["The last line counts and hashes all lines before it", "last line"],
  "integrity.start": ["Each log begins where it says", "log"],
  "integrity.entry-chain": ["Each entry is numbered and holds the hash of the one before", "entry"],
  "integrity.commitment": ["Each entry commits to the very receipt beside it", "receipt"],
  "integrity.subject": ["Each receipt is about what it says", "receipt"],
  "integrity.tree": ["The Merkle tree has the root that the checkpoint signs", "tree"],
  "integrity.evidence": ["Build evidence has the digests that references name", "piece"],
  "integrity.disclosures": ["Each disclosure opens the commitment before it", "disclosure"],
  "authenticity.references": ["References are signed by a sealer's key", "reference"],
  "authenticity.writer-certificate": ["Keys of a job are the ones that its runs name", "run"],
  "authenticity.receipts": ["Receipts are signed by the log's writer", "signature"],
  "authenticity.checkpoint": ["Checkpoints are signed by the log's writer", "checkpoint"],
  "authenticity.document": ["The document is signed by a key of its role", "signature"],
};
const MANY = { entry: "entries", "piece set": "piece sets" };

function showRecheck(checks, milliseconds) {
  const rows = checks.map(({ id, status: became, count, bad, reason }) => {
    const [meaning, unit] = HERE_WORDS[id] ?? [id, "time"];
    const looked = bad
      ? `${number(bad)} of ${number(Math.max(count, bad))}`
      : count
        ? plural(count, unit, MANY[unit])
        : "";
    return h(
      "tr",
      {},
      h("td", {}, status(became)),
      h("th", { scope: "row" }, meaning, h("code", {}, id)),
      h("td", { class: "right" }, looked || reason || ""),
    );
  });
  show(
    "recheck",
    heading(
      "recheck",
      "What your browser checked",
      milliseconds === null ? "" : `just now, in ${(milliseconds / 1000).toFixed(1)} s`,
    ),
    table("Checks made again in this browser", ["Status", "Check", { name: "Looked at", class: "right" }], rows, {
      class: "plain",
    }),
  );
}
