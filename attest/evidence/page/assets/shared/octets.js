// Bytes and the texts that stand for them. Everything here refuses a second spelling of the same bytes.

const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));
const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const utf8 = (text) => encoder.encode(text);

// Throws for what is not UTF-8: a replacement character would be another text than the one that was signed.
const textOf = (octets) => strictDecoder.decode(octets);

function toHex(octets) {
  let text = "";
  for (const octet of octets) text += HEX[octet];
  return text;
}

function fromHex(text) {
  if (typeof text !== "string" || !/^([0-9a-f]{2})*$/.test(text)) throw new Error("expected lower-case hexadecimal");
  const octets = new Uint8Array(text.length / 2);
  for (let at = 0; at < octets.length; at += 1) octets[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return octets;
}

// Canonical base64 alone: padded, no stray bits, no white space.
function fromBase64(text) {
  if (typeof text !== "string" || text.length % 4) throw new Error("expected canonical base64");
  if (Uint8Array.fromBase64) {
    if (/\s/.test(text)) throw new Error("expected canonical base64");
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  }
  const raw = atob(text);
  if (btoa(raw) !== text) throw new Error("expected canonical base64");
  const octets = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) octets[at] = raw.charCodeAt(at);
  return octets;
}

function equalOctets(one, other) {
  return one.length === other.length && one.every((octet, at) => octet === other[at]);
}

function joinOctets(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
