"""Trusted roots: the shipped one is what its manifest says, others are read strictly, and age is told."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.provenance.sigstore.production import MANIFEST, ROOTS, load_production, read_manifest
from attest.provenance.sigstore.publisher_keys import parse_npm_keys
from attest.provenance.sigstore.trusted_root import TrustedRoot, parse_trusted_root
from tests import sigstore_world as world

DAY = 86_400_000


def parse(document: dict[str, Any], dated: int | None = None) -> TrustedRoot:
    return parse_trusted_root(json.dumps(document).encode(), where="root", dated=dated)


def test_every_shipped_file_has_source_date_and_digest() -> None:
    manifest = read_manifest()
    assert {path.name for path in ROOTS.iterdir()} == {*manifest, MANIFEST}
    for name, said in manifest.items():
        assert hashlib.sha256((ROOTS / name).read_bytes()).hexdigest() == said.sha256
        assert said.what
        assert said.source
        instant.parse(said.dated)


def test_production_is_the_public_good_root_with_npms_keys() -> None:
    trust = load_production()
    root = trust.root
    assert len(root.logs) == len(root.authorities) == len(root.ct_logs) == 2
    assert [len(authority.certificates) for authority in root.authorities] == [1, 2]
    assert [log.signs_times for log in root.logs] == [True, False]
    assert [key.hint for key in trust.keys] == [
        "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA",
        "SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U",
    ]
    assert [str(key.window) for key in trust.keys] == [
        "2022-12-01T00:00:00.000Z to 2025-01-29T00:00:00.000Z",
        "2025-01-13T00:00:00.000Z to now",
    ]


def test_a_log_id_is_the_digest_of_its_key_or_of_its_origin_too() -> None:
    first, second = load_production().root.logs
    assert first.log_id == hashlib.sha256(first.key.spki).digest()
    origin = second.name.removeprefix("https://").encode()
    assert second.log_id == hashlib.sha256(origin + b"\n\x01" + second.key.spki[-32:]).digest()


def test_age_is_told_and_can_be_limited() -> None:
    root = parse(world.root_document(), dated=10 * DAY)
    assert root.age(12 * DAY) == 2 * DAY
    root.check_age(12 * DAY, 2 * DAY)
    with pytest.raises(UntrustedError) as caught:
        root.check_age(12 * DAY + 1, 2 * DAY)
    assert caught.value.check == "authenticity.root"
    with pytest.raises(UntrustedError, match="unknown age"):
        parse(world.root_document()).check_age(12 * DAY, 2 * DAY)


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("2026-01-01T00:00:00Z", 0),
        ("2026-01-01T00:00:00.5Z", 500),
        ("2026-01-01T00:00:00.999Z", 999),
        ("2026-01-01T00:00:00.999000Z", 999),
        ("2026-01-01T00:00:00.123456789Z", 123),
    ],
)
def test_times_may_have_fractions(written: str, milliseconds: int) -> None:
    document = world.root_document()
    document["tlogs"][0]["publicKey"]["validFor"] = {"start": written}
    assert parse(document).logs[0].window.start == instant.parse("2026-01-01T00:00:00.000Z") + milliseconds


def first_log(document: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = document["tlogs"][0]
    return row


def window(document: dict[str, Any]) -> dict[str, Any]:
    held: dict[str, Any] = first_log(document)["publicKey"]["validFor"]
    return held


FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "another media type": lambda root: root.update(mediaType="application/json"),
    "an unknown field": lambda root: root.update(also=1),
    "no log": lambda root: root.update(tlogs=[]),
    "a time with an offset": lambda root: window(root).update(start="2026-01-01T00:00:00+00:00"),
    "a 24th hour": lambda root: window(root).update(start="2026-01-01T24:00:00Z"),
    "a day that is none": lambda root: window(root).update(start="2026-02-30T00:00:00Z"),
    "no window": lambda root: first_log(root)["publicKey"].pop("validFor"),
    "a key of another kind than said": lambda root: first_log(root)["publicKey"].update(keyDetails="PKIX_ED25519"),
    "a key that is none": lambda root: first_log(root)["publicKey"].update(rawBytes="AAAA"),
    "another hash": lambda root: first_log(root).update(hashAlgorithm="SHA2_512"),
    "a certificate that is none": lambda root: root["certificateAuthorities"][0].update(
        certChain={"certificates": [{"rawBytes": "AAAA"}]}
    ),
    "an authority without certificates": lambda root: root["timestampAuthorities"][0].update(
        certChain={"certificates": []}
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_root_is_refused_at_once(fault: str) -> None:
    document = copy.deepcopy(world.root_document())
    FAULTS[fault](document)
    with pytest.raises(MalformedError):
        parse(document)


def test_keys_for_another_usage_are_not_taken() -> None:
    row = {
        "keyId": "SHA256:x",
        "keyUsage": "npm:signatures",
        "publicKey": {
            "rawBytes": base64.b64encode(world.spki(world.PUBLISHER_KEY)).decode(),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2026-01-01T00:00:00Z"},
        },
    }
    with pytest.raises(MalformedError, match="npm:attestations"):
        parse_npm_keys(json.dumps({"keys": [row]}).encode(), where="keys")
    [key] = parse_npm_keys(json.dumps({"keys": [row, {**row, "keyUsage": "npm:attestations"}]}).encode(), where="keys")
    assert key.hint == "SHA256:x"
