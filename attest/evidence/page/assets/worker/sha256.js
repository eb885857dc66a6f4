// SHA-256 (FIPS 180-4). The browser's own has to be given everything at once and answers later; a log is a stream of
// small things, three of them a receipt. The worker holds the two against each other before it trusts this one.

const ROUNDS = Int32Array.from([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);
const FIRST = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const BLOCK = 64;
const schedule = new Int32Array(64);

class Sha256 {
  constructor() {
    this.state = Int32Array.from(FIRST);
    this.rest = new Uint8Array(BLOCK);
    this.held = 0;
    this.length = 0;
  }

  update(octets) {
    this.length += octets.length;
    let at = 0;
    if (this.held) {
      at = Math.min(BLOCK - this.held, octets.length);
      this.rest.set(octets.subarray(0, at), this.held);
      this.held += at;
      if (this.held < BLOCK) return this;
      compress(this.state, this.rest, 0);
      this.held = 0;
    }
    for (; at + BLOCK <= octets.length; at += BLOCK) compress(this.state, octets, at);
    this.rest.set(octets.subarray(at), 0);
    this.held = octets.length - at;
    return this;
  }

  // The digest of what was taken so far; more may be taken afterwards.
  digest() {
    const state = this.state.slice();
    const tail = new Uint8Array(this.held < 56 ? BLOCK : 2 * BLOCK);
    tail.set(this.rest.subarray(0, this.held));
    tail[this.held] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(this.length / 0x20000000));
    view.setUint32(tail.length - 4, (this.length << 3) >>> 0);
    for (let at = 0; at < tail.length; at += BLOCK) compress(state, tail, at);
    const digest = new Uint8Array(32);
    const words = new DataView(digest.buffer);
    state.forEach((word, at) => words.setInt32(4 * at, word));
    return digest;
  }
}

function compress(state, octets, at) {
  for (let t = 0; t < 16; t += 1, at += 4) {
    schedule[t] = (octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3];
  }
  for (let t = 16; t < 64; t += 1) {
    const x = schedule[t - 15];
    const y = schedule[t - 2];
    const low = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const high = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    schedule[t] = (schedule[t - 16] + low + schedule[t - 7] + high) | 0;
  }
  // One by one: taking an array apart at once goes through an iterator, which costs as much as a round.
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let t = 0; t < 64; t += 1) {
    const high = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + high + ((e & f) ^ (~e & g)) + ROUNDS[t] + schedule[t]) | 0;
    const low = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (low + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

function sha256(...parts) {
  const hash = new Sha256();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const sha256Hex = (...parts) => toHex(sha256(...parts));

// Every length up to two blocks and more ends another way; the browser's own answer is the judge.
async function sha256Agrees() {
  const sample = Uint8Array.from({ length: 300 }, (_, at) => (at * 131 + 7) & 0xff);
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 128, 300]) {
    const octets = sample.subarray(0, length);
    const theirs = new Uint8Array(await crypto.subtle.digest("SHA-256", octets));
    if (!equalOctets(theirs, sha256(octets))) return false;
  }
  return true;
}
