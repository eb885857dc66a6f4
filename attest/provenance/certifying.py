"""Verify that an attestation of a job makes a key a writer's. Pure, offline, without a clock.

1. The key is given as its public key file: the one PEM block of its SubjectPublicKeyInfo, and not a byte more.
2. The trust file knows no key of that id, in whatever role, be it outside its window or revoked: one key, one role, and
   one way to trust it.
3. The attestation is a Sigstore bundle, and everything in it holds (`attest.provenance.sigstore.verify`), down to the
   root that the trust file names.
4. It was signed with a certificate, for an identity that the trust file names as a writer's.
5. What was signed is an in-toto statement of predicate type `writer-key`, which has no fields; it has one subject,
   whose SHA-256 is that of the bytes of step 1.
6. The key counts from the first proven time of signing on, for as long as the trust file says.

An attestation about anything else than such a file can so never certify a key, nor can one that a job made about a file
that was handed to it, unless it was asked for this very type.

NOT checked: that a reference names the identity too (`may_write`), that what the key signed lies in its window, that no
time lies in the future, and that the job kept the key to itself.
"""

from typing import Annotated, Any, Final

import msgspec

from attest.codec import strict
from attest.codec.octets import sha256_hex
from attest.errors import MalformedError, UntrustedError
from attest.provenance.attestation import STATEMENT_V01, STATEMENT_V1
from attest.provenance.certified_writer import CERTIFICATE_CHECK, PREDICATE_TYPE, CertifiedWriter, is_for, vouch_writer
from attest.provenance.containers.roots import roots_of
from attest.provenance.containers.sigstore import certificate_of
from attest.provenance.model import Expectations
from attest.provenance.sigstore.verified import CertificateSigner, SignedPayload, VerifiedBundle
from attest.provenance.sigstore.verify import verify_bundle
from attest.signing.dsse import IN_TOTO_PAYLOAD
from attest.signing.keyfiles import parse_public, public_pem
from attest.signing.keys import PublicKey
from attest.trust.trust import Trust

MAX_ATTESTATION_BYTES: Final = 512 * 1024
"""Of a key attestation: in base64 it fits into a line of an evidence bundle. Real ones have 10 KiB."""

_SECOND: Final = 1000


class _Subject(msgspec.Struct, frozen=True, kw_only=True):
    digest: dict[str, Any]


class _Predicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing: the type says it all."""


class _Statement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    type_: str = msgspec.field(name="_type")
    predicate_type: str
    subject: Annotated[tuple[_Subject, ...], msgspec.Meta(min_length=1, max_length=1)]
    predicate: _Predicate


def certify_writer(pem: bytes, attestation: bytes, trust: Trust, *, where: str) -> CertifiedWriter:
    """Return the key in `pem` as a writer's; `trust` is as of the time of judging.

    Raises `MalformedError` and `UntrustedError`.
    """
    key = read_key(pem, where=where)  # 1
    if key.keyid in trust.document.keyids:  # 2
        hint = "a key of the trust file needs no attestation, and one that it lets count no more gets none"
        raise _untrusted(where, "a key that the trust file does not name", key.keyid, hint=hint)
    if len(attestation) > MAX_ATTESTATION_BYTES:
        raise MalformedError(where, f"at most {MAX_ATTESTATION_BYTES} bytes", f"{len(attestation)}")
    bundle = verify_bundle(attestation, roots_of(trust, Expectations(), where), where=where)  # 3
    if not isinstance(bundle.signer, CertificateSigner):
        raise _untrusted(where, "an attestation that was signed with a certificate", "one that a key signed")
    certificate = certificate_of(bundle.signer.identity)
    if not is_for(certificate, trust.document.writer_identities):  # 4
        found = f"{certificate.identity}, vouched for by {certificate.issuer}"
        hint = "if you trust what this job says of runs: attest trust new --writer-identity ID@ISSUER"
        raise _untrusted(where, "an identity that the trust file names as a writer's", found, hint=hint)
    _check_statement(bundle, sha256_hex(pem), trust, where)  # 5
    since = min(time.at for time in bundle.times)  # 6
    until = since + trust.document.writer_key_seconds * _SECOND
    digest = sha256_hex(attestation)
    return vouch_writer(key=key, attestation=digest, certificate=certificate, since=since, until=until)


def read_key(pem: bytes, *, where: str) -> PublicKey:
    """Read a public key that is spelled as `attest key new` writes it: another spelling would be another subject."""
    key = parse_public(pem, where=where)
    if public_pem(key) != pem:
        raise MalformedError(where, "a public key as attest key new writes it", "another spelling of one")
    return key


def _check_statement(bundle: VerifiedBundle, digest: str, trust: Trust, where: str) -> None:
    content = bundle.content
    if not isinstance(content, SignedPayload) or content.payload_type != IN_TOTO_PAYLOAD:
        raise _untrusted(where, f"a signed statement, {IN_TOTO_PAYLOAD}", "something else")
    place = f"{where}: statement"
    value = strict.parse(content.payload, where=place)
    claimed = value.get("predicateType") if isinstance(value, dict) else None
    if claimed != PREDICATE_TYPE:
        # Told first: whoever attests the key in the usual way makes provenance.
        hint = f"attest the public key file with predicate type {PREDICATE_TYPE} and predicate {{}}"
        raise _untrusted(place, f"predicate type {PREDICATE_TYPE}", ascii(claimed)[:200], hint=hint)
    statement = strict.convert(value, _Statement, where=place)
    allowed = (STATEMENT_V1,) if trust.document.strict_statement else (STATEMENT_V1, STATEMENT_V01)
    if statement.type_ not in allowed:
        raise MalformedError(f"{place}: _type", " or ".join(allowed), statement.type_[:120])
    named = statement.subject[0].digest.get("sha256")
    if named != digest:
        raise _untrusted(f"{place}: subject", f"the public key file, sha256 {digest}", ascii(named)[:120])


def _untrusted(where: str, expected: str, found: str, *, hint: str | None = None) -> UntrustedError:
    return UntrustedError(where, expected, found, hint=hint, check=CERTIFICATE_CHECK)
