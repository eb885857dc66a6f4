// Checkpoints: the head of a log as a C2SP signed note with one signature, named after the log.

function readNote(note) {
  const cut = note.lastIndexOf("\n\n");
  const lines = note.slice(0, cut + 1).split("\n");
  const signatures = note.slice(cut + 2).split("\n");
  if (cut < 0 || lines.length !== 4 || lines[3] !== "" || signatures.length !== 2 || signatures[1] !== "") {
    throw new Error("expected origin, size, root, an empty line and one signature");
  }
  const [origin, size, root] = lines;
  const words = signatures[0].split(" ");
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || words.length !== 3 || words[0] !== "\u2014") {
    throw new Error("expected a size in decimal and a signature line");
  }
  const signed = fromBase64(words[2]);
  return {
    origin,
    size: Number(size),
    root: fromBase64(root),
    text: note.slice(0, cut + 1),
    name: words[1],
    keyId: signed.subarray(0, 4),
    signature: signed.subarray(4),
  };
}

// `writer` is whoever signed the receipts: nobody else may sign the head. Without receipts, any writer may.
async function judgeNote(note, origin, writer, ring) {
  if (note.origin !== origin) return { expected: `a checkpoint of ${origin}`, found: note.origin };
  const candidates = [...ring.keys.values()].filter((key) => writer === null || key.keyid === writer);
  let unchecked = "";
  for (const key of candidates) {
    const keyId = key.noteKeyId(note.origin);
    if (note.name !== note.origin || (keyId && !equalOctets(keyId, note.keyId))) continue;
    if (key.missing) {
      unchecked = key.missing;
      continue;
    }
    if (await key.verify(note.signature, utf8(note.text))) return null;
    return { expected: `a signature of key ${key.keyid.slice(0, 16)} over this checkpoint`, found: "a bad one" };
  }
  if (unchecked) return { unchecked };
  return { expected: "a signature of the log's writer", found: `one of key id ${toHex(note.keyId)}` };
}
