// Keys that a job made for itself and that came in the evidence. Who certified one is not judged here, that is the
// verdict's word; what can be held against it is: the key's own id, and the attestation that each run names.

const CERTIFICATE = "authenticity.writer-certificate";
const ALGORITHM_OF_HEAD = {
  "302a300506032b6570032100": "ed25519",
  "3059301306072a8648ce3d020106082a8648ce3d030107034200": "ecdsa-p256",
  "30820532300b0609608648016503040311": "ml-dsa-44",
  "308207b2300b0609608648016503040312": "ml-dsa-65",
  "30820a32300b0609608648016503040313": "ml-dsa-87",
};

class CertifiedWriters {
  constructor(sheet, ring, verdict) {
    this.sheet = sheet;
    this.ring = ring;
    this.isVouched = verdict?.checks.some(({ id, status }) => id === CERTIFICATE && status === "pass") ?? false;
    this.attestations = new Map();
    this.last = "";
  }

  async take({ keyid, key: pem, attestation }, where) {
    const spki = pem.replace(/-----(BEGIN|END) PUBLIC KEY-----|\n/g, "");
    const octets = fromBase64(spki);
    if (sha256Hex(octets) !== keyid || !(keyid > this.last)) {
      throw new Error(`${where}: expected the key ${keyid}, sorted by key id`);
    }
    this.last = keyid;
    this.attestations.set(keyid, sha256Hex(fromBase64(attestation)));
    if (!this.isVouched) {
      this.sheet.leave(CERTIFICATE, "no verdict says that this key is certified");
      return;
    }
    const head = Object.keys(ALGORITHM_OF_HEAD).find((each) => toHex(octets).startsWith(each));
    this.ring.add(await new Key({ role: "writer", algorithm: ALGORITHM_OF_HEAD[head], spki }).ready());
  }

  // The start of a run names the exact attestation of its key, so that nobody can put another one in its place.
  compare({ event, receipt }, fail) {
    const expected = this.attestations.get(receipt.writer);
    if (expected === undefined || !["start", "resume"].includes(event?.kind)) return;
    if (event.keyAttestation !== expected) {
      fail(CERTIFICATE, "the run was started with another attestation of its key", event.keyAttestation, expected);
    }
    this.sheet.count(CERTIFICATE);
  }

  // A reference may name whom a job has to be instead of a key; whether it is that job is the verdict's word.
  isNamedBy(reference, keyid) {
    if ((reference.writers ?? []).includes(keyid)) return true;
    return this.attestations.has(keyid) && (reference.writerIdentities ?? []).length > 0;
  }
}
