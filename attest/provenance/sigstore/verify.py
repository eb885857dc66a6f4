"""Verify a Sigstore bundle, offline and without a clock, against a trusted root. Pure.

The steps, whose numbers the code carries:

1. Form. The bundle is read strictly, in the form of its version (`bundle_form`).
2. Log. Each entry stands in a log of the root: its signed timestamp and its inclusion proof hold, as far as the version
   demands them (`log`).
3. Time. Each RFC 3161 timestamp is over this very signature and by an authority of the root. With the logs' own times
   there is at least one proven time.
4. Windows. Each log was to be believed when it promised, or else at every proven time.
5. Signer. The certificate was issued under a CA of the root, for signing code, valid at every proven time, and a CT log
   promised to publish it; or a trusted key, in its window, goes by the bundle's hint (`signer`).
6. Signature. It is that key's, over DSSE's encoding of the payload or over the artifact's digest.
7. Binding. Each log entry is about this signature, this certificate or key and these bytes (`binding`).

NOT checked here, and every caller has to: that the signer is somebody who may say this (`VerifiedBundle.signer`; for
anybody can get a certificate), that the artifact at hand is the one signed, what the payload says, how old the root is,
and that no time lies in the future. Not checked by anybody: that the log only ever grew between two looks at it,
whether a certificate was revoked (they live for minutes), the accuracy that a timestamp states for itself.
"""

from __future__ import annotations

from typing import Final

from attest.codec import instant
from attest.errors import UntrustedError
from attest.provenance.model import CheckStatus, check
from attest.provenance.sigstore.binding import check_binding, read_logged
from attest.provenance.sigstore.bundle import Bundle, DsseContent, MessageContent
from attest.provenance.sigstore.bundle_form import parse_bundle
from attest.provenance.sigstore.entries_v2 import DIGESTS
from attest.provenance.sigstore.log import HeldEntry, check_entry, check_windows
from attest.provenance.sigstore.logged import Covers, Logged
from attest.provenance.sigstore.production import SigstoreTrust
from attest.provenance.sigstore.signer import Candidate, certified, hinted
from attest.provenance.sigstore.trusted_root import TrustedRoot
from attest.provenance.sigstore.verified import (
    CertificateSigner,
    SignedDigest,
    SignedPayload,
    Signer,
    TimeSource,
    VerifiedBundle,
    VerifiedEntry,
    VerifiedTime,
    vouch_bundle,
)
from attest.signing.foreign_keys import ForeignKey
from attest.signing.timestamps import TIME_CHECK, check_timestamp
from attest.statement.predicates.runtime_reference import EvidenceCheck

SIGNATURE_CHECK: Final = "authenticity.signature"


def verify_bundle(document: bytes, trust: SigstoreTrust, *, where: str) -> VerifiedBundle:
    """Verify a bundle given as its exact bytes; raise `MalformedError` or `UntrustedError`, with `check` set."""
    return verify_parsed(parse_bundle(document, where=where), trust)  # 1


def verify_parsed(bundle: Bundle, trust: SigstoreTrust) -> VerifiedBundle:
    """Verify a bundle whose form was already read."""
    root, where = trust.root, bundle.where
    held = tuple([check_entry(entry, bundle.version, root.logs) for entry in bundle.entries])  # 2
    times = _times(bundle, held, root)  # 3
    moments = tuple([time.at for time in times])
    for entry in held:
        check_windows(entry, moments)  # 4
    if bundle.hint is None:
        candidates: tuple[Candidate[Signer], ...] = (certified(bundle.chain, root, moments, where),)  # 5
    else:
        candidates = hinted(bundle.hint, trust, moments, where)  # 5
    logged = tuple([read_logged(entry.entry) for entry in held])
    signed, digest = _signed(bundle, candidates, logged)  # 6
    for entry, said in zip(held, logged, strict=True):
        check_binding(said, bundle.content, digest, signed.verifier, entry.entry.where)  # 7
    return vouch_bundle(
        content=_content(bundle.content, digest),
        signer=signed.signer,
        times=times,
        entries=tuple([_entry(entry) for entry in held]),
        checks=_checks(held, times, signed),
        media_type=bundle.media_type,
        root=(root.name, root.digest),
    )


def _times(bundle: Bundle, held: tuple[HeldEntry, ...], root: TrustedRoot) -> tuple[VerifiedTime, ...]:
    """Return every proven time: those that logs promised, and those of time stamping authorities."""
    logged = [
        VerifiedTime(at=each.at, source=TimeSource.LOG, by=each.logs[0].name) for each in held if each.at is not None
    ]
    stamped = [
        check_timestamp(
            response,
            bundle.content.signature,
            root.timestamp_authorities,
            where=f"{bundle.where}: rfc3161Timestamps[{place}]",
        )
        for place, response in enumerate(bundle.timestamps)
    ]
    source = TimeSource.TIMESTAMP_AUTHORITY
    times = (*logged, *[VerifiedTime(at=stamp.at, source=source, by=stamp.authority) for stamp in stamped])
    if not times:
        raise UntrustedError(bundle.where, "at least one proven time of signing", "none", check=TIME_CHECK)
    return times


def _signed(
    bundle: Bundle,
    candidates: tuple[Candidate[Signer], ...],
    logged: tuple[Logged, ...],
) -> tuple[Candidate[Signer], tuple[str, bytes] | None]:
    """Return who of the candidates signed, and the digest of the artifact if that was signed."""
    content = bundle.content
    for candidate in candidates:
        if isinstance(content, DsseContent):
            if candidate.key.verify(content.signature, content.signed):
                return candidate, None
        else:
            digest = _artifact_digest(content, candidate.key, logged)
            if digest is not None and candidate.key.verify_digest(content.signature, *digest):
                return candidate, digest
    what = "this payload" if isinstance(content, DsseContent) else "the artifact"
    expected = f"a signature of the signer over {what}"
    raise UntrustedError(f"{bundle.where}: signature", expected, "a bad one", check=SIGNATURE_CHECK)


def _artifact_digest(content: MessageContent, key: ForeignKey, logged: tuple[Logged, ...]) -> tuple[str, bytes] | None:
    """Return the digest that a message signature is about: the bundle's own, else the log's; in the key's algorithm.

    Either is only a claim until the signature was verified over it.
    """
    if content.digest is not None:
        claimed = (DIGESTS.get(content.algorithm or "", ""), content.digest)
    else:
        named = [(each.algorithm, each.digest) for each in logged if each.covers in {Covers.ARTIFACT, Covers.SIGNED}]
        claimed = named[0] if named else ("", b"")
    return claimed if claimed[0] in key.digests else None


def _content(content: DsseContent | MessageContent, digest: tuple[str, bytes] | None) -> SignedPayload | SignedDigest:
    if isinstance(content, DsseContent):
        return SignedPayload(payload=content.payload, payload_type=content.payload_type)
    algorithm, value = digest or ("", b"")
    return SignedDigest(algorithm=algorithm, value=value.hex())


def _entry(held: HeldEntry) -> VerifiedEntry:
    entry = held.entry
    return VerifiedEntry(
        log=held.logs[0].name,
        log_id=entry.log_id.hex(),
        index=entry.index,
        kind=entry.kind,
        version=entry.version,
        proven=held.proven,
    )


def _checks(
    held: tuple[HeldEntry, ...], times: tuple[VerifiedTime, ...], signed: Candidate[Signer]
) -> tuple[EvidenceCheck, ...]:
    said = [("authenticity.signature", f"{signed.key.algorithm}, over these bytes")]
    if isinstance(signed.signer, CertificateSigner):
        name = signed.signer.identity.name
        said.append(("authenticity.certificate", f"issued under a CA of the root, for {name}"))
        said.append(("authenticity.sct", "a CT log of the root promised to publish the certificate"))
    else:
        said.append(("authenticity.key", f"key {signed.signer.keyid[:16]} is trusted"))
    kinds = ", ".join(f"{entry.entry.kind} {entry.entry.version}" for entry in held)
    said.append(("authenticity.log-entry", f"{kinds}: about this signature, these bytes, this key"))
    said.append(("authenticity.log", ", ".join(f"{entry.logs[0].name}, {_how(entry)}" for entry in held)))
    said.append(("authenticity.time", ", ".join(f"{instant.text(time.at)} by {time.by}" for time in times)))
    return tuple([check(name, CheckStatus.PASS, detail) for name, detail in said])


def _how(held: HeldEntry) -> str:
    return "entry proven" if held.proven else "entry promised"
