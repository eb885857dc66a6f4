// A manifest that came with the page: it counts only if a reference of the evidence names its digest.

function readManifest(octets) {
  const lines = textOf(octets).split("\n");
  const records = lines.slice(0, -1).map((line) => JSON.parse(line));
  const header = records[0];
  const entries = records.slice(1, -1);
  if (header?.kind !== "manifest" || lines.at(-1) !== "" || records.at(-1)?.entries !== entries.length) {
    throw new Error("expected a whole manifest");
  }
  return { digest: sha256Hex(octets), header, entries };
}
