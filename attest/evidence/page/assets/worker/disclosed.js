// Disclosures: the exact bytes behind a commitment. Without the salt nobody could try values against it.

const COMMITMENT_DOMAIN = utf8("mcp-attest commitment v0.1\0");

// The one commitment of a receipt that what stands behind it may open.
function openable(predicate) {
  const { denial, outcome, call } = predicate;
  if (denial) return denial.stage === "result" ? denial.result : denial.call.arguments;
  return outcome ? outcome.result : call?.arguments;
}

function opens(commitment, { salt, value }) {
  const octets = fromBase64(value);
  const digest = sha256Hex(COMMITMENT_DOMAIN, fromHex(salt), octets);
  return salt.length === 32 && octets.length === commitment.bytes && digest === commitment.sha256;
}
