// DSSE envelopes: as many signatures as are demanded, each by another key of the ring, and every one has to hold.

const PAYLOAD_TYPE = "application/vnd.in-toto+json";

function preAuthenticationEncoding(type, payload) {
  const kind = utf8(type);
  return joinOctets(utf8(`DSSEv1 ${kind.length} `), kind, utf8(` ${payload.length} `), payload);
}

// Returns what is wrong with the signatures, or null; `unchecked` where this browser cannot tell.
async function judgeSignatures(envelope, payload, ring) {
  const entries = envelope.signatures;
  if (!Array.isArray(entries) || entries.length !== ring.threshold) {
    return { expected: `signatures of ${ring.threshold} different ${ring.role} keys`, found: entries?.length };
  }
  if (new Set(entries.map((entry) => entry.keyid)).size !== entries.length) {
    return { expected: "each signature by another key", found: "one key twice" };
  }
  const message = preAuthenticationEncoding(envelope.payloadType, payload);
  for (const entry of entries) {
    const key = ring.keys.get(entry.keyid);
    if (!key) return { expected: `a signature by a ${ring.role} key of this page`, found: `one by ${entry.keyid}` };
    if (key.missing) return { unchecked: key.missing };
    if (!(await key.verify(fromBase64(entry.sig), message))) {
      return { expected: `a signature of key ${key.keyid.slice(0, 16)} over these bytes`, found: "a bad one" };
    }
  }
  return null;
}
