"""Files of build evidence as GitHub, npm and PyPI make them, in the Sigstore of `tests.sigstore_world`.

Each can be made with one thing changed, so that a test plants one fault and leaves the rest genuine.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cryptography import x509

from attest.provenance.certificate import GITHUB_ISSUER
from attest.statement.digests import DigestSet
from attest.trust.document import SigstoreRoot, TrustedIdentity, TrustFile
from attest.trust.making import BuilderIdentity, BuilderKey, VerifierKey, make_trust
from attest.trust.trust import Trust
from tests import sigstore_world as sigstore
from tests.world import BUILDER, BUILDER_ID, SEALER, SOURCE, VERIFIER, VERIFIER_ID, WRITER, trust_of

REPOSITORY: Final = "https://github.com/acme/server"
COMMIT: Final = "c0ffee00" * 5
REF: Final = "refs/tags/v1.2.3"
WORKFLOW: Final = f"{REPOSITORY}/.github/workflows/release.yml@{REF}"
RUN: Final = f"{REPOSITORY}/actions/runs/42/attempts/1"
GITHUB: Final = TrustedIdentity(identity=WORKFLOW, issuer=GITHUB_ISSUER)

WHEEL: Final = DigestSet(sha256="a" * 64)
TARBALL: Final = DigestSet(sha512="b" * 128)
SUBJECTS: Final = ({"name": "server.whl", "digest": {"sha256": "a" * 64}},)
PACKAGE: Final = ({"name": "pkg:npm/%40acme/server@1.2.3", "digest": {"sha512": "b" * 128}},)

SLSA: Final = "https://slsa.dev/provenance/v1"
PUBLISH: Final = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1"
PYPI: Final = "https://docs.pypi.org/attestations/publish/v1"

Change = Callable[[Any], object]

CLAIMS: Final = {
    1: GITHUB_ISSUER,
    8: GITHUB_ISSUER,
    9: WORKFLOW,
    11: "github-hosted",
    12: REPOSITORY,
    13: COMMIT,
    14: REF,
    15: "7",
    17: "8",
    18: WORKFLOW,
    20: "push",
    21: RUN,
}
"""What Fulcio's extensions say of a workflow that GitHub ran."""


def github_leaf(identity: str = WORKFLOW, claims: Mapping[int, str | None] | None = None, **leaf: Any) -> bytes:
    """A certificate for a workflow; `claims` replace extensions, None takes one away."""
    said = {number: text for number, text in {**CLAIMS, **(claims or {})}.items() if text is not None}
    written = tuple((n, text.encode() if n < 8 else sigstore.utf8(text)) for n, text in said.items())
    names = (x509.UniformResourceIdentifier(identity),)
    return sigstore.issue(sigstore.Leaf(names=names, claims=written, **leaf))


def provenance(change: Change | None = None) -> dict[str, Any]:
    """SLSA provenance v1 as actions/attest writes it."""
    predicate: dict[str, Any] = {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {"ref": REF, "repository": REPOSITORY, "path": ".github/workflows/release.yml"}
            },
            "internalParameters": {
                "github": {
                    "event_name": "push",
                    "repository_id": "7",
                    "repository_owner_id": "8",
                    "runner_environment": "github-hosted",
                }
            },
            "resolvedDependencies": [{"uri": f"git+{REPOSITORY}@{REF}", "digest": {"gitCommit": COMMIT}}],
        },
        "runDetails": {"builder": {"id": WORKFLOW}, "metadata": {"invocationId": RUN}},
    }
    if change is not None:
        change(predicate)
    return predicate


def statement(
    predicate: Any,
    predicate_type: str = SLSA,
    subjects: Sequence[Mapping[str, Any]] = SUBJECTS,
    version: str = "https://in-toto.io/Statement/v1",
) -> bytes:
    """An in-toto statement, as bytes to sign."""
    said = {"_type": version, "subject": list(subjects), "predicateType": predicate_type, "predicate": predicate}
    return json.dumps(said).encode()


def attested(
    payload: bytes | None = None, *, leaf: bytes | None = None, change: Change | None = None, **bundle: Any
) -> bytes:
    """A Sigstore bundle around a statement; `change` is made to the finished bundle."""
    payload = statement(provenance()) if payload is None else payload
    made = sigstore.bundle(leaf=leaf or github_leaf(), payload=payload, **bundle)
    if change is not None:
        made = copy.deepcopy(made)
        change(made)
    return json.dumps(made).encode()


def published(name: str = "@acme/server", version: str = "1.2.3", subjects: Any = PACKAGE) -> dict[str, Any]:
    """Npm's publish attestation, signed with the registry's key."""
    said = statement({"name": name, "version": version, "registry": "https://registry.example"}, PUBLISH, subjects)
    return sigstore.bundle(key=sigstore.PUBLISHER_KEY, hint="npm-key", payload=said)


def npm_file(
    *more: tuple[str, dict[str, Any]], publish: dict[str, Any] | None = None, subjects: Any = PACKAGE
) -> bytes:
    """Npm's file for a package version: publish and provenance, and `more` of (type, bundle)."""
    built = json.loads(attested(statement(provenance(), subjects=subjects)))
    rows = [(PUBLISH, publish or published()), (SLSA, built), *more]
    return json.dumps({"attestations": [{"predicateType": name, "bundle": held} for name, held in rows]}).encode()


def pypi_file(*attestations: dict[str, Any]) -> bytes:
    """PyPI's file for an archive."""
    held = attestations or (sigstore.pypi_attestation(leaf=github_leaf(), payload=statement(None, PYPI)),)
    publisher = {"kind": "GitHub", "repository": "evil/unsigned"}
    return json.dumps(
        {"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": list(held)}]}
    ).encode()


def npm_keys() -> dict[str, Any]:
    """Npm's `keys.json` in this world."""
    valid = {"start": "2025-01-01T00:00:00.000Z"}
    key = {
        "rawBytes": sigstore.b64(sigstore.spki(sigstore.PUBLISHER_KEY)),
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "validFor": valid,
    }
    return {"keys": [{"keyId": "npm-key", "keyUsage": "npm:attestations", "publicKey": key}]}


def instance(**changes: Any) -> SigstoreRoot:
    """The Sigstore instance of this world."""
    row: dict[str, Any] = {
        "name": "custom",
        "trusted_root": sigstore.root_document(),
        "npm_keys": npm_keys(),
        "updated_at": "2026-11-01T00:00:00.000Z",
    }
    return SigstoreRoot(**{**row, **changes})


def trust_file(**changes: Any) -> TrustFile:
    """A trust file that knows this world's Sigstore, and nobody's identity unless told."""
    parts: dict[str, Any] = {
        "sealers": [SEALER.public],
        "writers": [WRITER.public],
        "builders": [BuilderKey(id=BUILDER_ID, key=BUILDER.public, max_level=2)],
        "verifiers": [VerifierKey(key=VERIFIER.public, id=VERIFIER_ID)],
        "sources": (SOURCE,),
        "sigstore": instance(),
    }
    return make_trust(**{**parts, **changes})


TRUST: Final[Trust] = trust_of(trust_file())
TRUST_IN_WORKFLOW: Final[Trust] = trust_of(
    trust_file(builders=[BuilderIdentity(identity=WORKFLOW, issuer=GITHUB_ISSUER, max_level=2)], sources=(REPOSITORY,))
)
"""Knows the workflow as a builder, and from which source it may build."""
