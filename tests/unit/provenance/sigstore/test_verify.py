"""Bundles of a Sigstore of our own: the good ones hold, and each fault fails its own check."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from attest.errors import AttestError, MalformedError, UntrustedError
from attest.provenance.sigstore.binding import ENTRY_KINDS
from attest.provenance.sigstore.production import SigstoreTrust
from attest.provenance.sigstore.publisher_keys import PublisherKey
from attest.provenance.sigstore.verified import (
    CertificateSigner,
    KeySigner,
    SignedDigest,
    SignedPayload,
    TimeSource,
    VerifiedBundle,
)
from attest.provenance.sigstore.verify import verify_bundle
from attest.signing.foreign_keys import ForeignKey
from attest.signing.window import Window
from tests import sigstore_world as world
from tests.sigstore_world import ARTIFACT, IDENTITY, ISSUER, PAYLOAD, SIGNED, Leaf, b64, bundle, encoded, issue
from tests.timestamp_tokens import timestamp_response

TRUST = world.trust()
Bundle = dict[str, Any]


def verify(document: Bundle, trust: SigstoreTrust = TRUST) -> VerifiedBundle:
    return verify_bundle(encoded(document), trust, where="bundle")


def refusal(document: Bundle, trust: SigstoreTrust = TRUST) -> AttestError:
    with pytest.raises((MalformedError, UntrustedError)) as caught:
        verify(document, trust)
    return caught.value


GOOD = {
    "0.1 intoto 0.0.2, timestamp alone": bundle("intoto", "0.0.2", version="0.1", proven=False),
    "0.1 intoto 0.0.1": bundle("intoto", "0.0.1", version="0.1"),
    "0.2 intoto 0.0.2": bundle("intoto", "0.0.2", version="0.2"),
    "0.3 dsse 0.0.1": bundle(),
    "0.3 dsse 0.0.1, time stamped": bundle(stamped=SIGNED),
    "0.3 dsse 0.0.1, no promise but stamped": bundle(promise=False, stamped=SIGNED),
    "0.3 hashedrekord 0.0.1": bundle("hashedrekord", "0.0.1", message=True),
    "Rekor v2, artifact": bundle("hashedrekord", "0.0.2", message=True, stamped=SIGNED),
    "Rekor v2, statement": bundle("hashedrekord", "0.0.2", stamped=SIGNED),
    "Rekor v2, dsse 0.0.2": bundle("dsse", "0.0.2", stamped=SIGNED),
    "issued by the root's own key": bundle(
        leaf=issue(Leaf(issuer=world.ROOT, issuer_key=world.ROOT_KEY)),
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_genuine_bundle_holds(name: str) -> None:
    verified = verify(GOOD[name])
    signer = verified.signer
    assert isinstance(signer, CertificateSigner)
    assert (signer.identity.name, signer.identity.issuer) == (IDENTITY, ISSUER)
    if isinstance(verified.content, SignedPayload):
        assert verified.content.payload == PAYLOAD
    else:
        digest = hashlib.sha256(ARTIFACT).hexdigest()
        assert verified.content == SignedDigest(algorithm="sha256", value=digest)
    assert {time.at for time in verified.times} == {int(SIGNED.timestamp() * 1000)}
    assert verified.root_digest == TRUST.root.digest
    assert {check.status for check in verified.checks} == {"pass"}


def test_every_kind_of_entry_has_a_genuine_bundle() -> None:
    """The contract of the table: what each row reads is bound to the bundle, and another signature's entry is not."""
    seen = set()
    for document in GOOD.values():
        [entry] = verify(document).entries
        seen.add((entry.kind, entry.version))
        strange = bundle(entry.kind, entry.version, version="0.1", message="messageSignature" in document)
        edited = copy.deepcopy(document)
        edited["verificationMaterial"]["tlogEntries"] = strange["verificationMaterial"]["tlogEntries"]
        if entry.version != "0.0.2" or entry.kind == "intoto":
            assert refusal(edited).check == "authenticity.log-entry"
    assert seen == set(ENTRY_KINDS)


def test_nothing_but_verification_makes_a_verified_bundle() -> None:
    with pytest.raises(TypeError, match="verify_bundle"):
        VerifiedBundle(
            object(),
            content=SignedDigest(algorithm="sha256", value=""),
            signer=KeySigner(keyid="", hint=""),
            times=(),
            entries=(),
            checks=(),
            media_type="",
            root=("", ""),
        )


def test_times_name_who_vouches_for_them() -> None:
    times = verify(bundle(stamped=SIGNED)).times
    assert [(time.source, time.by) for time in times] == [
        (TimeSource.LOG, "https://rekor.example"),
        (TimeSource.TIMESTAMP_AUTHORITY, "https://tsa.example"),
    ]


def test_an_artifact_without_a_claimed_digest_is_bound_by_the_log() -> None:
    document = bundle("hashedrekord", "0.0.1", message=True)
    del document["messageSignature"]["messageDigest"]
    assert verify(document).content == SignedDigest(algorithm="sha256", value=hashlib.sha256(ARTIFACT).hexdigest())


def test_payload_and_signature_may_use_the_other_alphabet_and_nothing_else() -> None:
    document = bundle()
    envelope = document["dsseEnvelope"]
    envelope["payload"] = envelope["payload"].replace("+", "-").replace("/", "_")
    envelope["signatures"][0]["sig"] = envelope["signatures"][0]["sig"].replace("+", "-").replace("/", "_")
    verify(document)


def test_a_chain_may_name_its_issuers_and_they_anchor_nothing() -> None:
    document = bundle("intoto", "0.0.2", version="0.2")
    held = document["verificationMaterial"]["x509CertificateChain"]["certificates"]
    held += [{"rawBytes": b64(world.der(each))} for each in (world.INTERMEDIATE, world.ROOT)]
    verify(document)
    held[1:2] = []
    assert refusal(document).check == "authenticity.certificate"


# Key-signed bundles


def publisher(**changes: Any) -> SigstoreTrust:
    key = ForeignKey(world.spki(world.PUBLISHER_KEY), where="key")
    return SigstoreTrust(root=TRUST.root, keys=(PublisherKey(key=key, **{"hint": "SHA256:pub", **changes}),))


def test_a_publishers_key_signs_in_its_window_under_its_name() -> None:
    document = bundle("intoto", "0.0.2", version="0.2", key=world.PUBLISHER_KEY, hint="SHA256:pub")
    signer = verify(document, publisher()).signer
    assert signer == KeySigner(keyid=hashlib.sha256(world.spki(world.PUBLISHER_KEY)).hexdigest(), hint="SHA256:pub")
    assert refusal(document).check == "authenticity.key"
    assert refusal(document, publisher(hint="SHA256:other")).check == "authenticity.key"
    at = int(SIGNED.timestamp() * 1000)
    verify(document, publisher(window=Window(start=at, end=at)))
    assert refusal(document, publisher(window=Window(start=at + 1))).check == "authenticity.time"
    assert refusal(document, publisher(window=Window(start=0, end=at - 1))).check == "authenticity.time"


def test_a_managed_key_goes_by_any_hint_and_signs_artifacts() -> None:
    document = bundle("hashedrekord", "0.0.1", key=world.PUBLISHER_KEY, hint="whatever", message=True)
    verify(document, publisher(hint=None))
    wrong = bundle("hashedrekord", "0.0.1", key=world.OTHER_KEY, hint="whatever", message=True)
    assert refusal(wrong, publisher(hint=None)).check == "authenticity.signature"


# One planted fault each


def edit(document: Bundle, change: Callable[[Bundle], object]) -> Bundle:
    edited = copy.deepcopy(document)
    change(edited)
    return edited


def entry_of(document: Bundle) -> dict[str, Any]:
    entry: dict[str, Any] = document["verificationMaterial"]["tlogEntries"][0]
    return entry


def checkpoint(document: Bundle) -> dict[str, Any]:
    held: dict[str, Any] = entry_of(document)["inclusionProof"]["checkpoint"]
    return held


def claims(*said: tuple[int, bytes]) -> Bundle:
    return bundle(leaf=issue(Leaf(claims=((8, world.utf8(ISSUER)), *said))))


def other_entry(document: Bundle) -> None:
    document["verificationMaterial"]["tlogEntries"] = bundle(leaf=issue(Leaf(lifetime=timedelta(minutes=9))))[
        "verificationMaterial"
    ]["tlogEntries"]


def restamped(signed: bytes | None = None, **changes: Any) -> Bundle:
    document = bundle(promise=False, stamped=SIGNED)
    signature = base64.b64decode(document["dsseEnvelope"]["signatures"][0]["sig"])
    arguments = {"certificate": world.TSA, "key": world.TSA_KEY, "at": SIGNED, **changes}
    token = timestamp_response(signed or signature, **arguments)
    document["verificationMaterial"]["timestampVerificationData"] = {
        "rfc3161Timestamps": [{"signedTimestamp": b64(token)}]
    }
    return document


def twice(stamps: list[Any]) -> list[Any]:
    return [*stamps, *stamps]


V1, V2, STAMPED = (
    bundle("intoto", "0.0.2", version="0.1"),
    bundle("hashedrekord", "0.0.2", stamped=SIGNED),
    bundle(stamped=SIGNED),
)

FAULTS: dict[str, tuple[str, Bundle]] = {
    # integrity
    "an unknown media type": (
        "integrity.media-type",
        edit(bundle(), lambda d: d.update(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json")),
    ),
    "no media type": ("integrity.media-type", edit(bundle(), lambda d: d.pop("mediaType"))),
    "an unknown field": ("integrity.grammar", edit(bundle(), lambda d: d.update(trustMe=True))),
    "a statement and an artifact": (
        "integrity.grammar",
        edit(bundle(), lambda d: d.update(messageSignature={"signature": "AAAA"})),
    ),
    "a certificate in the form of another version": (
        "integrity.grammar",
        edit(bundle(), lambda d: d.update(mediaType=world.MEDIA["0.2"])),
    ),
    "the other base64 alphabet": (
        "integrity.base64",
        edit(bundle(), lambda d: entry_of(d)["logId"].update(keyId="--" + entry_of(d)["logId"]["keyId"][2:])),
    ),
    "base64 without padding": (
        "integrity.base64",
        edit(bundle(), lambda d: entry_of(d)["logId"].update(keyId=entry_of(d)["logId"]["keyId"].rstrip("="))),
    ),
    # the log
    "no log entry": ("authenticity.log", edit(bundle(), lambda d: d["verificationMaterial"].update(tlogEntries=[]))),
    "an entry twice": (
        "authenticity.log",
        edit(bundle(), lambda d: d["verificationMaterial"].update(tlogEntries=[entry_of(d), entry_of(d)])),
    ),
    "a log that is not in the root": (
        "authenticity.log",
        edit(bundle(), lambda d: entry_of(d)["logId"].update(keyId=b64(b"\1" * 32))),
    ),
    "a bad entry timestamp": (
        "authenticity.log",
        edit(bundle(), lambda d: entry_of(d).update(integratedTime=str(int(SIGNED.timestamp()) + 1))),
    ),
    "another index than was promised": ("authenticity.log", edit(bundle(), lambda d: entry_of(d).update(logIndex="7"))),
    "no entry timestamp in version 0.1": (
        "authenticity.log",
        edit(V1, lambda d: entry_of(d).pop("inclusionPromise")),
    ),
    "no proof in version 0.3": ("authenticity.log", edit(bundle(), lambda d: entry_of(d).pop("inclusionProof"))),
    "a proof without a checkpoint": (
        "authenticity.log",
        edit(bundle(), lambda d: entry_of(d)["inclusionProof"].pop("checkpoint")),
    ),
    "a proof too short": (
        "authenticity.log",
        edit(bundle(), lambda d: entry_of(d)["inclusionProof"].update(hashes=[])),
    ),
    "a proof too long": (
        "authenticity.log",
        edit(bundle(), lambda d: entry_of(d)["inclusionProof"]["hashes"].append(b64(b"\0" * 32))),
    ),
    "another size than the checkpoint's": (
        "authenticity.log",
        edit(bundle(), lambda d: entry_of(d)["inclusionProof"].update(treeSize="4")),
    ),
    "another root hash than the checkpoint's": (
        "authenticity.log",
        edit(bundle(), lambda d: entry_of(d)["inclusionProof"].update(rootHash=b64(b"\0" * 32))),
    ),
    "a checkpoint with a changed text": (
        "authenticity.log",
        edit(V2, lambda d: checkpoint(d).update(envelope=checkpoint(d)["envelope"].replace("\n3\n", "\n3\nmore\n", 1))),
    ),
    "a checkpoint of another origin": (
        "authenticity.log",
        edit(V2, lambda d: checkpoint(d).update(envelope=checkpoint(d)["envelope"].replace("log.exa", "LOG.exa"))),
    ),
    "a checkpoint with no line of the log": (
        "authenticity.log",
        edit(
            V2,
            lambda d: checkpoint(d).update(envelope=checkpoint(d)["envelope"].rpartition("— log.example")[0]),
        ),
    ),
    # entries
    "an unknown kind of entry": (
        "authenticity.log-entry",
        bundle("rpm", "0.0.1"),
    ),
    "an entry of another kind than named": (
        "authenticity.log-entry",
        edit(bundle(), lambda d: entry_of(d)["kindVersion"].update(kind="intoto", version="0.0.2")),
    ),
    "an entry about another certificate with the same key": ("authenticity.log-entry", edit(bundle(), other_entry)),
    "an entry about another signature": (
        "authenticity.log-entry",
        edit(bundle(), lambda d: d["verificationMaterial"].update(tlogEntries=[entry_of(bundle(leaf=None))])),
    ),
    # time
    "no proven time": ("authenticity.time", bundle(promise=False)),
    "a time that nobody promised": (
        "authenticity.time",
        edit(bundle(promise=False), lambda d: entry_of(d).update(integratedTime=str(int(SIGNED.timestamp())))),
    ),
    "a timestamp twice": (
        "authenticity.time",
        edit(
            STAMPED,
            lambda d: d["verificationMaterial"]["timestampVerificationData"].update(
                rfc3161Timestamps=twice(d["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"])
            ),
        ),
    ),
    "33 timestamps": (
        "authenticity.time",
        edit(
            STAMPED,
            lambda d: d["verificationMaterial"]["timestampVerificationData"].update(
                rfc3161Timestamps=[{"signedTimestamp": b64(bytes([n]))} for n in range(33)]
            ),
        ),
    ),
    "a timestamp that is none": (
        "authenticity.time",
        edit(
            STAMPED,
            lambda d: d["verificationMaterial"]["timestampVerificationData"].update(
                rfc3161Timestamps=[{"signedTimestamp": b64(b"\x30\x00")}]
            ),
        ),
    ),
    "a timestamp of another signature": ("authenticity.time", restamped(b"another")),
    "a timestamp with SHA-1": ("authenticity.time", restamped(digest="sha1")),
    "a timestamp of an unknown authority": (
        "authenticity.time",
        restamped(certificate=world.ROOT, key=world.ROOT_KEY),
    ),
    "a timestamp that its authority did not sign": ("authenticity.time", restamped(key=world.OTHER_KEY)),
    "an unknown authority that brings its certificate": (
        "authenticity.time",
        restamped(certificate=world.ROOT, key=world.OTHER_KEY, embedded=(world.ROOT,)),
    ),
    # certificates
    "a certificate that had expired": (
        "authenticity.certificate",
        bundle(leaf=issue(Leaf(start=SIGNED - timedelta(hours=1)))),
    ),
    "a certificate that was not valid yet": (
        "authenticity.certificate",
        bundle(leaf=issue(Leaf(start=SIGNED + timedelta(seconds=1)))),
    ),
    "one of two times outside its validity": (
        "authenticity.certificate",
        bundle(stamped=SIGNED + timedelta(hours=1)),
    ),
    "an issuer that is not in the root": (
        "authenticity.certificate",
        bundle(leaf=issue(Leaf(issuer_key=world.key_of(4711, world.P384)))),
    ),
    "a leaf that is a CA": (
        "authenticity.certificate",
        bundle(leaf=issue(Leaf(more=((x509.BasicConstraints(ca=True, path_length=None), True),)))),
    ),
    "no key usage": ("authenticity.certificate", bundle(leaf=issue(Leaf(usage=None)))),
    "no extended key usage": ("authenticity.certificate", bundle(leaf=issue(Leaf(purposes=None)))),
    "another purpose than code signing": (
        "authenticity.certificate",
        bundle(leaf=issue(Leaf(purposes=x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])))),
    ),
    "two names": (
        "authenticity.certificate",
        bundle(leaf=issue(Leaf(names=(x509.RFC822Name("a@b.example"), x509.RFC822Name("c@b.example"))))),
    ),
    "a DNS name": ("authenticity.certificate", bundle(leaf=issue(Leaf(names=(x509.DNSName("b.example"),))))),
    "no name": ("authenticity.certificate", bundle(leaf=issue(Leaf(names=())))),
    "an unknown critical extension": (
        "authenticity.certificate",
        bundle(leaf=issue(Leaf(more=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True),)))),
    ),
    "an issuer said in two ways": ("authenticity.certificate", claims((1, b"https://other.example"))),
    "a ref said in two ways": (
        "authenticity.certificate",
        claims((6, b"refs/heads/main"), (14, world.utf8("refs/heads/other"))),
    ),
    "a repository said in two ways": (
        "authenticity.certificate",
        claims((5, b"acme/server"), (12, world.utf8("https://code.example/evil/server"))),
    ),
    "an extension that is no DER text": ("authenticity.certificate", claims((9, b"raw"))),
    # certificate transparency
    "no certificate timestamp": ("authenticity.sct", bundle(leaf=issue(Leaf(ct_key=None)))),
    "a certificate timestamp of an unknown log": ("authenticity.sct", bundle(leaf=issue(Leaf(ct_key=world.OTHER_KEY)))),
    "a certificate timestamp over another issuer": ("authenticity.sct", bundle(leaf=issue(Leaf(ct_issuer=world.ROOT)))),
    "a certificate timestamp outside the CT log's window": (
        "authenticity.sct",
        bundle(leaf=issue(Leaf(ct_time=world.START - timedelta(days=500)))),
    ),
    # the signature
    "no signature": ("authenticity.signature", edit(bundle(), lambda d: d["dsseEnvelope"].update(signatures=[]))),
    "two signatures of which one is bad": (
        "authenticity.signature",
        edit(bundle(), lambda d: d["dsseEnvelope"]["signatures"].append({"sig": "AAAA"})),
    ),
    "a changed payload": (
        "authenticity.signature",
        edit(bundle(), lambda d: d["dsseEnvelope"].update(payload=b64(PAYLOAD + b" "))),
    ),
    "another payload type": (
        "authenticity.signature",
        edit(bundle(), lambda d: d["dsseEnvelope"].update(payloadType="text/plain")),
    ),
    "a signature by another key": ("authenticity.signature", bundle(key=world.OTHER_KEY)),
    "another digest than was signed": (
        "authenticity.signature",
        edit(
            bundle("hashedrekord", "0.0.1", message=True),
            lambda d: d["messageSignature"]["messageDigest"].update(digest=b64(b"\0" * 32)),
        ),
    ),
    "a digest of another algorithm than the key's": (
        "authenticity.signature",
        edit(
            bundle("hashedrekord", "0.0.1", message=True),
            lambda d: d["messageSignature"]["messageDigest"].update(algorithm="SHA2_512"),
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_its_own_check(fault: str) -> None:
    check, document = FAULTS[fault]
    assert refusal(document).check == check


# Windows of the root, ends inclusive


def windowed(field: str, place: int, start: str, end: str) -> SigstoreTrust:
    document = world.root_document()
    row = document[field][place]
    row.get("publicKey", row)["validFor"] = {"start": start, "end": end}
    return world.trust(document)


ONLY_STAMPED = bundle(promise=False, stamped=SIGNED)
EXACT = ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z")
WINDOWS = {
    "the log, by its own time": ("tlogs", 0, bundle(), "authenticity.time"),
    "the v2 log, by the stamped time": ("tlogs", 1, V2, "authenticity.time"),
    "the certificate authority": ("certificateAuthorities", 0, bundle(), "authenticity.certificate"),
    "the time stamping authority": (
        "timestampAuthorities",
        0,
        bundle(promise=False, stamped=SIGNED),
        "authenticity.time",
    ),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_of_the_root_includes_its_ends_and_nothing_beyond(name: str) -> None:
    field, place, document, check = WINDOWS[name]
    verify(document, windowed(field, place, *EXACT))
    before, after = "2026-03-01T11:59:59.999Z", "2026-03-01T12:00:00.001Z"
    assert refusal(document, windowed(field, place, "2025-01-01T00:00:00Z", before)).check == check
    assert refusal(document, windowed(field, place, after, "2027-01-01T00:00:00Z")).check == check


def test_a_leaf_is_valid_at_both_ends() -> None:
    at = SIGNED
    verify(bundle(leaf=issue(Leaf(start=at))))
    verify(bundle(leaf=issue(Leaf(start=at - timedelta(minutes=10)))))


# Authorities


def under(certificates: tuple[x509.Certificate, ...], leaf: Leaf) -> tuple[Bundle, SigstoreTrust]:
    valid = {"start": "2025-01-01T00:00:00Z"}
    rows = [{"uri": "https://ca.example", "certChain": world.chain(*certificates), "validFor": valid}]
    return bundle(leaf=issue(leaf)), world.trust(world.root_document(certificateAuthorities=rows))


def constrained(*permitted: x509.GeneralName, excluded: tuple[x509.GeneralName, ...] = ()) -> x509.Certificate:
    constraints = x509.NameConstraints(list(permitted) or None, list(excluded) or None)
    return world.authority(
        "intermediate", world.INTERMEDIATE_KEY, world.ROOT, world.ROOT_KEY, extensions=((constraints, True),)
    )


HOST = x509.UniformResourceIdentifier


@pytest.mark.parametrize(
    ("issuer", "holds"),
    [
        (constrained(HOST("builds.example")), True),
        (constrained(HOST(".example")), True),
        (constrained(HOST("other.example")), False),
        (constrained(HOST("example")), False),
        (constrained(excluded=(HOST("builds.example"),)), False),
        (constrained(excluded=(HOST("other.example"),)), True),
        (constrained(x509.RFC822Name("example.org")), True),
    ],
)
def test_name_constraints_of_an_authority_count(issuer: x509.Certificate, *, holds: bool) -> None:
    document, trust = under((issuer, world.ROOT), Leaf(issuer=issuer))
    if holds:
        verify(document, trust)
    else:
        assert refusal(document, trust).check == "authenticity.certificate"


def test_an_issuer_has_to_be_an_authority_on_a_path_to_the_root() -> None:
    not_ca = world.authority("intermediate", world.INTERMEDIATE_KEY, world.ROOT, world.ROOT_KEY, is_ca=False)
    expired = world.authority(
        "intermediate", world.INTERMEDIATE_KEY, world.ROOT, world.ROOT_KEY, end=SIGNED - timedelta(days=1)
    )
    unrelated = world.authority("other", world.key_of(77, world.P384))
    short = world.authority("root", world.ROOT_KEY, path_length=0)
    for certificates in ((not_ca, world.ROOT), (expired, world.ROOT), (world.INTERMEDIATE, unrelated)):
        document, trust = under(certificates, Leaf(issuer=certificates[0]))
        assert refusal(document, trust).check == "authenticity.certificate", certificates[0].subject
    document, trust = under((world.INTERMEDIATE, short), Leaf())
    assert refusal(document, trust).check == "authenticity.certificate"


def test_names_may_be_an_address_or_a_user_name() -> None:
    other = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), world.utf8("alice!corp"))
    for name, text in ((x509.RFC822Name("a@b.example"), "a@b.example"), (other, "alice!corp")):
        signer = verify(bundle(leaf=issue(Leaf(names=(name,))))).signer
        assert isinstance(signer, CertificateSigner)
        assert signer.identity.name == text


def test_a_byte_changed_anywhere_is_found() -> None:
    good = encoded(bundle("intoto", "0.0.2", version="0.2"))
    document = json.loads(good)
    for path, value in _leaves(document):
        if isinstance(value, str) and value and path[-1] != "keyid":
            changed = copy.deepcopy(document)
            target: Any = changed
            for step in path[:-1]:
                target = target[step]
            place = len(value) // 2
            target[path[-1]] = value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]
            refusal(changed)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for place, inner in enumerate(value) for leaf in _leaves(inner, (*path, place))]
    return [(path, value)]
