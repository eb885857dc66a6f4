"""We never pass a bundle that `sigstore` refuses for a cryptographic reason, whatever field was changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attest.errors import AttestError
from attest.provenance.sigstore.verify import verify_bundle
from tests import sigstore_world as world
from tests.differential.mutations import genuine, mutations, trusted_root

TRUST = world.trust()
PAIRS = genuine()


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier

    root = tmp_path_factory.mktemp("root") / "root.json"
    root.write_text(trusted_root())
    return Verifier(trusted_root=TrustedRoot.from_file(str(root)))


def we_pass(document: dict[str, Any]) -> bool:
    try:
        verify_bundle(world.encoded(document), TRUST, where="bundle")
    except AttestError:
        return False
    return True


def peer_passes(peer: Any, document: dict[str, Any]) -> bool | None:
    """Return None where the peer refuses the form, before any cryptography."""
    from sigstore.errors import VerificationError
    from sigstore.models import Bundle, InvalidBundle
    from sigstore.verify.policy import UnsafeNoOp

    try:
        bundle = Bundle.from_json(json.dumps(document))
    except (InvalidBundle, ValueError):
        return None
    try:
        if "dsseEnvelope" in document:
            peer.verify_dsse(bundle, UnsafeNoOp())
        else:
            peer.verify_artifact(world.ARTIFACT, bundle, UnsafeNoOp())
    except (VerificationError, ValueError):
        return False
    return True


@pytest.mark.parametrize("form", PAIRS)
def test_both_pass_what_is_genuine(form: str, peer: Any) -> None:
    for document in PAIRS[form]:
        assert we_pass(document)
        assert peer_passes(peer, document)


@pytest.mark.parametrize("form", PAIRS)
def test_we_never_pass_what_the_peer_refuses(form: str, peer: Any) -> None:
    passed = [(what, document) for what, document in mutations(*PAIRS[form]) if we_pass(document)]
    refused = [what for what, document in passed if peer_passes(peer, document) is False]
    assert refused == []


def test_most_changes_are_refused() -> None:
    every = [we_pass(document) for pair in PAIRS.values() for _, document in mutations(*pair)]
    assert len(every) > 300
    assert sum(every) < len(every) / 10
