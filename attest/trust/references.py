"""Open a RuntimeReference: signed by a sealer of the trust file, and named by the digest of its payload."""

import msgspec

from attest.signing.dsse import read_envelope
from attest.signing.keyring import Verified
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE, RuntimeReference
from attest.statement.statement import Statement, open_statement, payload_digest
from attest.trust.role import Role
from attest.trust.trust import Trust


class OpenedReference(msgspec.Struct, frozen=True, kw_only=True):
    """A reference that a sealer signed, its own digest, and the exact bytes of its envelope."""

    digest: str
    envelope: bytes
    statement: Verified[Statement[RuntimeReference]]

    @property
    def predicate(self) -> RuntimeReference:
        """What the sealer said."""
        return self.statement.value.predicate


def open_reference(octets: bytes, trust: Trust, *, at: int, where: str) -> OpenedReference:
    """Check the signature against the trust file's sealers, as of `at` (ms), and read the statement.

    Raises `UntrustedError` or `MalformedError`. Does not check validity times, the manifest or the evidence.
    """
    envelope = read_envelope(octets, where=where)
    statement = open_statement(envelope, trust.ring(Role.SEALER, at), PREDICATE_TYPE, RuntimeReference, where=where)
    digest = payload_digest(envelope, where=where)
    return OpenedReference(digest=digest, envelope=octets.removesuffix(b"\n"), statement=statement)
