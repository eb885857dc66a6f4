// The Merkle tree of RFC 6962: the right edge of a growing tree is all that it takes to append and to know the root.

const HASH_BYTES = 32;
const leafHash = (entry) => sha256(Uint8Array.of(0), entry);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

class Frontier {
  constructor(size = 0, hashes = []) {
    let ones = 0;
    for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
    if (!Number.isSafeInteger(size) || hashes.length !== ones || hashes.some((each) => each.length !== HASH_BYTES)) {
      throw new Error(`expected ${ones} hashes for a tree of ${size}`);
    }
    this.size = size;
    this.hashes = [...hashes];
  }

  append(leaf) {
    let newest = leaf;
    for (let waiting = this.size; waiting % 2 === 1; waiting = Math.floor(waiting / 2)) {
      newest = nodeHash(this.hashes.pop(), newest);
    }
    this.hashes.push(newest);
    this.size += 1;
  }

  root() {
    if (!this.hashes.length) return sha256();
    return this.hashes.reduceRight((right, left) => nodeHash(left, right));
  }
}

// RFC 9162, 2.1.3.2. Halves are taken by division: bit operations end at 32 bits.
function provesInclusion(leaf, index, size, proof, root) {
  if (!(index >= 0 && index < size) || proof.some((each) => each.length !== HASH_BYTES)) return false;
  let [place, last, computed] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      computed = nodeHash(sibling, computed);
      while (place % 2 === 0 && place > 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else {
      computed = nodeHash(computed, sibling);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return last === 0 && equalOctets(computed, root);
}
