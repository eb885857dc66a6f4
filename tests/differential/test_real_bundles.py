"""The same with real bundles: each field of every one that `sigstore` can read is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attest.errors import AttestError
from attest.provenance.sigstore.production import ROOTS, SigstoreTrust
from attest.provenance.sigstore.trusted_root import parse_trusted_root
from attest.provenance.sigstore.verify import verify_bundle
from tests.corpus import CASES, SLSA, needs_corpus
from tests.differential.mutations import mutations

pytestmark = needs_corpus

MESSAGES = (
    CASES / "happy-path-v0.1/bundle.sigstore.json",
    CASES / "rekor2-checkpoint-multiple-cosigs/bundle.sigstore.json",
)
STATEMENTS = (SLSA / "bundle/valid-v0.3.intoto.sigstore", SLSA / "bcr/MODULE.bazel.intoto.jsonl")


def root_of(bundle: Path) -> Path:
    own = bundle.with_name("trusted_root.json")
    return own if own.is_file() else ROOTS / "public-good.json"


def peer_refuses(root: Path, document: dict[str, Any]) -> bool:
    """Return whether the peer reads the form and then refuses."""
    from sigstore.errors import VerificationError
    from sigstore.models import Bundle, InvalidBundle, TrustedRoot
    from sigstore.verify import Verifier
    from sigstore.verify.policy import UnsafeNoOp

    try:
        bundle = Bundle.from_json(json.dumps(document))
    except (InvalidBundle, ValueError):
        return False
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(root)))
    try:
        if "dsseEnvelope" in document:
            verifier.verify_dsse(bundle, UnsafeNoOp())
        else:
            verifier.verify_artifact((CASES / "a.txt").read_bytes(), bundle, UnsafeNoOp())
    except (VerificationError, ValueError):
        return True
    return False


@pytest.mark.parametrize("path", [*MESSAGES, *STATEMENTS], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_change_to_a_real_bundle_passes_that_the_peer_refuses(path: Path) -> None:
    root = root_of(path)
    trust = SigstoreTrust(root=parse_trusted_root(root.read_bytes(), where="root"))
    document = json.loads(path.read_bytes())
    other = json.loads((STATEMENTS[1] if path == STATEMENTS[0] else STATEMENTS[0]).read_bytes())
    assert not peer_refuses(root, document)
    tried = passed = 0
    surprises = []
    for what, changed in mutations(document, other):
        tried += 1
        try:
            verify_bundle(json.dumps(changed).encode(), trust, where="bundle")
        except AttestError:
            continue
        passed += 1
        if peer_refuses(root, changed):
            surprises.append(what)
    assert surprises == []
    assert tried > 60
    assert passed < tried / 10
