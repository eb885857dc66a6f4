// The public keys that the page brought along. Their ids are computed here, so that nothing but the bytes names a key;
// whether they are the right ones nobody can tell from inside this page.

const SUPPORTED = {
  ed25519: { parameters: { name: "Ed25519" }, how: { name: "Ed25519" }, spelled: (signature) => signature },
  "ecdsa-p256": {
    parameters: { name: "ECDSA", namedCurve: "P-256" },
    how: { name: "ECDSA", hash: "SHA-256" },
    spelled: rawOfDer,
  },
};

class Key {
  constructor({ role, algorithm, spki }) {
    this.role = role;
    this.algorithm = algorithm;
    this.spki = fromBase64(spki);
    this.keyid = sha256Hex(this.spki);
    this.handle = null;
    this.missing = "";
  }

  async ready() {
    const row = SUPPORTED[this.algorithm];
    if (!row) {
      this.missing = `this page cannot check ${this.algorithm} signatures`;
      return this;
    }
    try {
      this.handle = await crypto.subtle.importKey("spki", this.spki, row.parameters, false, ["verify"]);
    } catch {
      this.missing = `this browser cannot check ${row.parameters.name} signatures`;
    }
    return this;
  }

  async verify(signature, message) {
    const row = SUPPORTED[this.algorithm];
    let spelled;
    try {
      spelled = row.spelled(signature);
    } catch {
      return false;
    }
    return crypto.subtle.verify(row.how, this.handle, spelled, message);
  }

  // C2SP signed-note: the first four bytes of a hash, of the name too for Ed25519. Null for a kind unknown here.
  noteKeyId(name) {
    if (!SUPPORTED[this.algorithm]) return null;
    if (this.algorithm !== "ed25519") return sha256(this.spki).subarray(0, 4);
    return sha256(utf8(`${name}\n`), Uint8Array.of(1), this.spki.subarray(-32)).subarray(0, 4);
  }
}

// DER, as signatures of ECDSA are written down, to the two plain numbers that browsers take. One spelling alone.
function rawOfDer(der) {
  const raw = new Uint8Array(64);
  let at = 2;
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) throw new Error("not DER");
  for (const place of [0, 32]) {
    const length = der[at + 1];
    let number = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 2 || !length || number.length !== length || number[0] > 127) throw new Error("not DER");
    if (number[0] === 0 && length > 1) {
      if (number[1] < 128) throw new Error("not DER");
      number = number.subarray(1);
    }
    if (number.length > 32) throw new Error("not DER");
    raw.set(number, place + 32 - number.length);
    at += 2 + length;
  }
  if (at !== der.length) throw new Error("not DER");
  return raw;
}

class Ring {
  constructor(keys, role, threshold) {
    this.role = role;
    this.threshold = threshold ?? 1;
    this.keys = new Map(keys.filter((key) => key.role === role).map((key) => [key.keyid, key]));
  }

  add(key) {
    this.keys.set(key.keyid, key);
  }

  get missing() {
    return [...this.keys.values()].find((key) => key.missing)?.missing ?? "";
  }
}
