"""Add a sealer's signature to a statement that needs several: each signs the same bytes, on a machine of their own."""

from __future__ import annotations

from typing import Final

import msgspec

from attest.codec.records import Record
from attest.errors import RefusedError, UntrustedError
from attest.signing.dsse import Envelope, open_envelope, sign_envelope
from attest.signing.keyring import KeyRing
from attest.signing.keys import PrivateKey
from attest.statement.predicates import runtime_reference, runtime_revocation
from attest.statement.statement import predicate_type_of, read_statement
from attest.trust.role import Role
from attest.trust.trust import Trust

SEALERS_SAY: Final[dict[str, type[Record]]] = {
    runtime_reference.PREDICATE_TYPE: runtime_reference.RuntimeReference,
    runtime_revocation.PREDICATE_TYPE: runtime_revocation.RuntimeRevocation,
}
"""The predicates that sealers sign."""


def cosign(envelope: Envelope, key: PrivateKey, trust: Trust, *, at: int, where: str) -> Envelope:
    """Return the envelope with one more signature, by `key`, in the order of their key ids; the payload is the same.

    At `at` (ms since 1970) the key and everybody who signed have to be sealers of the trust file. Raises
    `UntrustedError` if one is not, `MalformedError` for what no sealer signs, `RefusedError` for a second signature by
    one key or for more than the trust file demands, since exactly so many are accepted. Whether it should be signed is
    not judged here.
    """
    sealers = trust.ring(Role.SEALER, at)
    name = predicate_type_of(envelope, where=where)
    if name not in SEALERS_SAY:
        raise RefusedError(where, "a RuntimeReference or a revocation", ascii(name[:80]))
    read_statement(envelope.payload, name, SEALERS_SAY[name], where=where)
    before = len(envelope.signatures)
    open_envelope(envelope, KeyRing(role=sealers.role, keys=sealers.keys, threshold=before), where=where)
    if sealers.find(key.keyid) is None:
        raise UntrustedError(where, "the key of a sealer of the trust file", key.keyid)
    if any(each.keyid == key.keyid for each in envelope.signatures):
        raise RefusedError(where, "a signature by another sealer", "one by this key already")
    if before >= sealers.threshold:
        raise RefusedError(where, f"fewer than the {sealers.threshold} signature(s) that are demanded", f"{before}")
    (signature,) = sign_envelope(envelope.payload, key, payload_type=envelope.payload_type).signatures
    both = sorted((*envelope.signatures, signature), key=lambda each: each.keyid)
    return msgspec.structs.replace(envelope, signatures=tuple(both))


def signatures_missing(envelope: Envelope, trust: Trust) -> int:
    """Return how many more sealers have to sign."""
    return max(0, trust.ring(Role.SEALER).threshold - len(envelope.signatures))
