"""Evidence of Sigstore's in other forms: PyPI's attestations, and bare DSSE with certificates, which proves no time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from attest.errors import AttestError
from attest.provenance.sigstore.pypi import parse_pypi_attestation
from attest.provenance.sigstore.untimed import has_certificates, verify_untimed
from attest.provenance.sigstore.verified import SignedPayload, UntimedEnvelope
from attest.provenance.sigstore.verify import verify_parsed
from attest.signing.dsse import IN_TOTO_PAYLOAD
from tests import sigstore_world as world
from tests.sigstore_world import IDENTITY, PAYLOAD, Leaf, b64, bare_envelope, encoded, issue, pypi_attestation

TRUST = world.trust()


def attestation(**changes: Any) -> bytes:
    return encoded({**pypi_attestation(), **changes})


def test_an_attestation_of_pypi_is_verified_as_a_bundle() -> None:
    verified = verify_parsed(parse_pypi_attestation(attestation(), where="attestation"), TRUST)
    assert verified.content == SignedPayload(payload=PAYLOAD, payload_type=IN_TOTO_PAYLOAD)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"version": 2}, "integrity.grammar"),
        ({"publisher": {"kind": "GitHub"}}, "integrity.grammar"),
        ({"envelope": {"statement": b64(PAYLOAD + b" "), "signature": b64(b"x")}}, "authenticity.signature"),
    ],
)
def test_another_attestation_is_refused(changes: dict[str, Any], check: str) -> None:
    with pytest.raises(AttestError) as caught:
        verify_parsed(parse_pypi_attestation(attestation(**changes), where="attestation"), TRUST)
    assert caught.value.check == check


def envelope(*certificates: bytes | None, **changes: Any) -> bytes:
    return encoded(bare_envelope(*certificates, **changes))


def test_a_bare_envelope_holds_but_for_its_time() -> None:
    document = envelope(issue())
    assert has_certificates(document)
    opened = verify_untimed(document, TRUST.root, where="envelope")
    assert isinstance(opened, UntimedEnvelope)
    assert opened.content.payload == PAYLOAD
    assert [signer.identity.name for signer in opened.signers] == [IDENTITY]
    assert {check.id: check.status for check in opened.checks} == {
        "authenticity.signature": "pass",
        "authenticity.certificate": "pass",
        "authenticity.sct": "pass",
        "authenticity.time": "unproven",
    }


@pytest.mark.parametrize(
    ("document", "check"),
    [
        (envelope(issue(), None), "integrity.grammar"),
        (envelope(issue(), payload=b"{}"), "authenticity.signature"),
        (envelope(issue(), key=world.OTHER_KEY), "authenticity.signature"),
        (envelope(issue(Leaf(ct_key=None))), "authenticity.sct"),
        (envelope(issue(Leaf(start=world.START - timedelta(days=900)))), "authenticity.certificate"),
        (envelope(world.der(world.ROOT)), "authenticity.certificate"),
    ],
)
def test_a_bare_envelope_with_a_fault_is_refused(document: bytes, check: str) -> None:
    with pytest.raises(AttestError) as caught:
        verify_untimed(document, TRUST.root, where="envelope")
    assert caught.value.check == check


def test_nothing_but_verification_makes_an_untimed_envelope() -> None:
    with pytest.raises(TypeError, match="verify_untimed"):
        UntimedEnvelope(object(), content=SignedPayload(payload=b"", payload_type=""), signers=(), checks=())
