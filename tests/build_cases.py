"""Files of build evidence that pass, and for each check one in which just that is wrong; with what is asked of them."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import msgspec

from attest.provenance.model import Expectations
from attest.statement.digests import DigestSet
from attest.trust.document import TrustedBuildType, TrustedIdentity
from attest.trust.making import VerifierKey
from tests import build_files as files
from tests import sigstore_world as sigstore
from tests.build_files import (
    GITHUB,
    PACKAGE,
    REF,
    REPOSITORY,
    SUBJECTS,
    TARBALL,
    TRUST_IN_WORKFLOW,
    WORKFLOW,
    attested,
    github_leaf,
    npm_file,
    provenance,
    published,
    pypi_file,
    statement,
    trust_file,
)
from tests.world import (
    BUILDER,
    RESOURCE,
    SOURCE,
    STRANGER,
    VERIFIER,
    make_provenance,
    make_summary,
    trust_of,
)

EXPECTED = Expectations(source=REPOSITORY, identities=(GITHUB,))


def wants(**more: Any) -> Expectations:
    return msgspec.structs.replace(EXPECTED, **more)


SUMMARY = {"expectations": Expectations(resource_uri=RESOURCE)}
BY_KEY: dict[str, Any] = {"expectations": Expectations()}
MESSAGE = {"artifacts": (DigestSet(sha256=hashlib.sha256(sigstore.ARTIFACT).hexdigest()),)}

GOOD: list[tuple[str, str, bytes, dict[str, Any]]] = [
    ("a bundle", "sigstore-bundle", attested(), {}),
    (
        "a bundle whose signer the trust file names",
        "sigstore-bundle",
        attested(),
        {"trust": TRUST_IN_WORKFLOW, **BY_KEY},
    ),
    ("a signature over a digest", "sigstore-bundle", attested(kind="hashedrekord", message=True), MESSAGE),
    ("provenance by a key", "dsse", make_provenance(SUBJECTS), BY_KEY),
    (
        "provenance by a key of the caller",
        "dsse",
        make_provenance(SUBJECTS, key=STRANGER),
        {"expectations": Expectations(keys=(STRANGER.public,), source=SOURCE)},
    ),
    ("a summary", "dsse", make_summary(SUBJECTS), SUMMARY),
    ("lines", "in-toto-jsonl", attested() + b"\n" + attested() + b"\n", {}),
    ("lines among others", "in-toto-jsonl", b'{"x":1}\nnot JSON\n' + attested() + b"\n\n", {}),
    ("npm's file", "npm-attestations", npm_file(), {"artifacts": (TARBALL,)}),
    ("PyPI's file", "pypi-attestations", pypi_file(), {}),
    (
        "PyPI's attestation",
        "pypi-attestations",
        json.dumps(sigstore.pypi_attestation(leaf=github_leaf(), payload=statement(provenance()))).encode(),
        {},
    ),
]
"""What it is, its kind, the file, and what is asked beside the usual."""


def _definition(**changes: Any) -> bytes:
    return attested(statement(provenance(lambda said: said["buildDefinition"].update(changes))))


def _material(change: Any) -> bytes:
    return attested(change=lambda made: change(made["verificationMaterial"]))


def _entry(change: Any) -> bytes:
    return _material(lambda material: change(material["tlogEntries"][0]))


def spoil(made: dict[str, Any], name: str) -> None:
    octets = bytearray(base64.b64decode(made[name]))
    octets[-1] ^= 1
    made[name] = sigstore.b64(bytes(octets))


OTHER_ALPHABET = "-_" * 40
OLD = files.instance(max_age_seconds=3600)
UNKNOWN_LOG = files.instance(trusted_root=sigstore.root_document(tlogs=sigstore.root_document()["tlogs"][1:]))
NO_CT_LOG = files.instance(
    trusted_root=sigstore.root_document(
        ctlogs=[
            sigstore.log_row(sigstore.OTHER_KEY, sigstore.REKOR_ID, "PKIX_ECDSA_P256_SHA_256", "https://ct.example")
        ]
    )
)
SHA1 = [{"name": "x", "digest": {"sha1": "a" * 40}}]
RULES = trust_file()
RULES = msgspec.structs.replace(
    RULES,
    build_types=(
        TrustedBuildType(id="https://actions.github.io/buildtypes/workflow/v1", external_parameters={"inputs": ()}),
    ),
)

KEYLESS = trust_of(trust_file(builders=[], verifiers=[], sources=()))

FAULTS: list[tuple[str, str, bytes, dict[str, Any]]] = [
    (
        "integrity.media-type",
        "an unknown version",
        attested(change=lambda m: m.update(mediaType="application/vnd.dev.sigstore.bundle.v9+json")),
        {},
    ),
    ("integrity.grammar", "an unknown field", attested(change=lambda m: m.update(more=1)), {}),
    (
        "integrity.grammar",
        "one type twice in npm's file",
        npm_file((files.SLSA, json.loads(attested(statement(provenance(), subjects=PACKAGE))))),
        {"artifacts": (TARBALL,)},
    ),
    (
        "integrity.grammar",
        "npm's file says another type",
        npm_file().replace(
            b'"predicateType": "https://slsa.dev/provenance/v1", "bundle"',
            b'"predicateType": "https://slsa.dev/provenance/v9", "bundle"',
        ),
        {"artifacts": (TARBALL,)},
    ),
    ("integrity.base64", "the other alphabet", _entry(lambda e: e.update(canonicalizedBody=OTHER_ALPHABET)), {}),
    (
        "integrity.statement",
        "an unknown version",
        attested(statement(provenance(), version="https://in-toto.io/Statement/v2")),
        {},
    ),
    (
        "integrity.statement",
        "an old version, strictly",
        attested(statement(provenance(), version="https://in-toto.io/Statement/v0.1")),
        {"trust": trust_of(trust_file(strict_statement=True))},
    ),
    (
        "authenticity.signature",
        "a changed payload",
        attested(
            change=lambda m: m["dsseEnvelope"].update(payload=sigstore.b64(statement(provenance(), subjects=PACKAGE)))
        ),
        {},
    ),
    (
        "authenticity.signature",
        "two signatures of which one is bad",
        attested(change=lambda m: m["dsseEnvelope"]["signatures"].append({"sig": "AAAA"})),
        {},
    ),
    ("authenticity.signature", "a key that nobody trusts", make_provenance(SUBJECTS, key=STRANGER), BY_KEY),
    ("authenticity.root", "no instance named", attested(), {"trust": trust_of(trust_file(sigstore=None))}),
    ("authenticity.root", "a root that is too old", attested(), {"trust": trust_of(trust_file(sigstore=OLD))}),
    (
        "authenticity.key",
        "a hint to no key that is known",
        attested(hint="stranger", key=sigstore.OTHER_KEY),
        {"trust": KEYLESS},
    ),
    (
        "authenticity.certificate",
        "expired when it signed",
        attested(leaf=github_leaf(start=sigstore.SIGNED - timedelta(hours=1))),
        {},
    ),
    (
        "authenticity.sct",
        "a CT log that is not in the root",
        attested(),
        {"trust": trust_of(trust_file(sigstore=NO_CT_LOG))},
    ),
    (
        "authenticity.log-entry",
        "an unknown kind",
        _entry(lambda e: e.update(kindVersion={"kind": "rekord", "version": "0.0.1"})),
        {},
    ),
    (
        "authenticity.log",
        "a log that is not in the root",
        attested(),
        {"trust": trust_of(trust_file(sigstore=UNKNOWN_LOG))},
    ),
    ("authenticity.log", "a bad promise", _entry(lambda e: spoil(e["inclusionPromise"], "signedEntryTimestamp")), {}),
    ("authenticity.time", "no proven time at all", json.dumps(sigstore.bare_envelope(github_leaf())).encode(), {}),
    ("authenticity.identity", "nobody expected", attested(), {"expectations": Expectations(source=REPOSITORY)}),
    (
        "authenticity.identity",
        "another workflow",
        attested(),
        {"expectations": wants(identities=(TrustedIdentity(identity=f"{WORKFLOW}0", issuer=GITHUB.issuer),))},
    ),
    (
        "authenticity.identity",
        "another issuer",
        attested(),
        {"expectations": wants(identities=(TrustedIdentity(identity=WORKFLOW, issuer="https://tokens.example"),))},
    ),
    ("authenticity.identity", "a builder's summary", make_summary(SUBJECTS, key=BUILDER), SUMMARY),
    ("authenticity.identity", "a verifier's provenance", make_provenance(SUBJECTS, key=VERIFIER), BY_KEY),
    (
        "authenticity.identity",
        "provenance by the registry",
        attested(statement(provenance()), hint="npm-key", key=sigstore.PUBLISHER_KEY),
        {},
    ),
    (
        "authenticity.verifier",
        "a key without an id",
        make_summary(SUBJECTS),
        {**SUMMARY, "trust": trust_of(trust_file(verifiers=[VERIFIER.public]))},
    ),
    (
        "authenticity.verifier",
        "another verifier",
        make_summary(SUBJECTS),
        {**SUMMARY, "trust": trust_of(trust_file(verifiers=[VerifierKey(key=VERIFIER.public, id="other")]))},
    ),
    (
        "build-link.subject",
        "names alone",
        attested(statement(provenance(), subjects=[{"name": "x", "digest": {}}])),
        {},
    ),
    (
        "build-link.subject",
        "two packages in npm's file",
        npm_file(
            publish=published(
                "@acme/other", "1.2.3", [{"name": "pkg:npm/%40acme/other@1.2.3", "digest": {"sha512": "b" * 128}}]
            )
        ),
        {"artifacts": (TARBALL,)},
    ),
    (
        "build-link.subject",
        "npm's predicate names another version",
        npm_file(publish=published(version="1.2.4")),
        {"artifacts": (TARBALL,)},
    ),
    ("build-link.digest", "sha1 alone", attested(statement(provenance(), subjects=SHA1)), {}),
    ("build-link.artifact", "no artifact given", attested(), {"artifacts": ()}),
    ("build-link.artifact", "another artifact", attested(), {"artifacts": (DigestSet(sha256="1" * 64),)}),
    ("build-link.artifact", "another artifact than the one signed", attested(kind="hashedrekord", message=True), {}),
    (
        "build-link.builder",
        "another builder claimed",
        attested(statement(provenance(lambda p: p["runDetails"]["builder"].update(id="https://other.example")))),
        {},
    ),
    (
        "build-link.builder",
        "another builder expected",
        attested(),
        {"expectations": wants(builder_id="https://other.example")},
    ),
    (
        "build-link.builder",
        "another runner expected",
        attested(),
        {"expectations": wants(runner_environment="self-hosted")},
    ),
    ("build-link.level", "a higher level expected", attested(), {"expectations": wants(min_level=2)}),
    ("build-link.source", "nobody expects a source", attested(), {"expectations": Expectations(identities=(GITHUB,))}),
    ("build-link.source", "another source expected", attested(), {"expectations": wants(source=f"{REPOSITORY}2")}),
    (
        "build-link.source",
        "another source claimed than certified",
        _definition(externalParameters={"workflow": {"repository": f"{REPOSITORY}2"}}),
        {},
    ),
    ("build-link.source", "another ref expected", attested(), {"expectations": wants(source_ref="refs/heads/main")}),
    ("build-link.source", "another tag expected", attested(), {"expectations": wants(source_tag="v1.2.4")}),
    ("build-link.source", "another version expected", attested(), {"expectations": wants(source_versioned_tag="v1.3")}),
    ("build-link.source", "another commit expected", attested(), {"expectations": wants(source_digest="1" * 40)}),
    (
        "build-link.certificate",
        "another run than certified",
        attested(
            statement(provenance(lambda p: p["runDetails"]["metadata"].update(invocationId="https://evil.example")))
        ),
        {},
    ),
    ("build-link.parameters", "a parameter that nobody lists", attested(), {"trust": trust_of(RULES)}),
    (
        "build-link.parameters",
        "another build type expected",
        attested(),
        {"expectations": wants(build_type="https://other.example")},
    ),
    ("build-link.result", "a summary that failed", make_summary(SUBJECTS, verificationResult="FAILED"), SUMMARY),
    (
        "build-link.resource",
        "a summary of another resource",
        make_summary(SUBJECTS, resourceUri="pkg:pypi/other@1"),
        SUMMARY,
    ),
    ("build-link.resource", "no resource expected", make_summary(SUBJECTS), BY_KEY),
    (
        "build-link.level",
        "a summary of a lower level",
        make_summary(SUBJECTS),
        {"expectations": Expectations(resource_uri=RESOURCE, min_level=3)},
    ),
    (
        "authenticity.identity",
        "one line of which nobody expects the signer",
        attested() + b"\n" + attested(leaf=github_leaf(f"{REPOSITORY}/.github/workflows/evil.yml@{REF}")),
        {},
    ),
]
"""Check, what is wrong, the file, and what is asked beside the usual."""
