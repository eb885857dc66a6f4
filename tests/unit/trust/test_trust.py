"""The trust file: what it means, and everything that is refused."""

import json

import pytest

from attest.codec import instant
from attest.codec.octets import sha256_hex, to_base64
from attest.errors import AttestError, MalformedError, UnavailableError, UntrustedError
from attest.statement.levels import Binding, Isolation, Origin
from attest.trust.document import Minima
from attest.trust.making import write_trust
from attest.trust.role import Role
from attest.trust.trust import check_current, load_trust, parse_trust
from tests.world import (
    BUILDER,
    BUILDER_ID,
    NOW,
    SEALER,
    SECOND_BUILDER,
    SECOND_SEALER,
    SOURCE,
    TRUST,
    WRITER,
    make_trust_file,
    trust_of,
)

DAY = 24 * 3600 * 1000


def edited(change) -> bytes:
    """The world's trust file after a person changed it."""
    document = json.loads(write_trust(make_trust_file()))
    change(document)
    return json.dumps(document).encode()


def row(key) -> dict:
    return {"keyid": key.keyid, "algorithm": key.algorithm.name, "publicKey": to_base64(key.public.spki)}


def test_each_role_has_its_own_keys_and_no_others():
    assert TRUST.ring(Role.SEALER).keys == (SEALER.public,)
    assert TRUST.ring(Role.WRITER).keys == (WRITER.public,)
    assert TRUST.ring(Role.BUILDER).keys == (BUILDER.public,)
    assert TRUST.ring(Role.VERIFIER).keys == TRUST.ring(Role.WITNESS).keys == ()
    assert {TRUST.ring(role).role for role in Role} == {"sealer", "writer", "builder", "verifier", "witness"}


def test_a_builder_has_its_id_its_level_and_its_sources():
    (builder,) = TRUST.builders
    assert (builder.id, builder.max_level, builder.sources) == (BUILDER_ID, 2, (SOURCE,))
    assert builder.ring.keys == (BUILDER.public,)


def test_the_digest_is_that_of_the_exact_bytes():
    octets = write_trust(make_trust_file())
    assert parse_trust(octets, "t").digest == sha256_hex(octets)
    assert parse_trust(octets + b"\n", "t").digest == sha256_hex(octets + b"\n")


def test_any_layout_is_read_because_people_edit_it():
    octets = json.dumps(json.loads(write_trust(make_trust_file())), indent=7, sort_keys=True).encode()
    assert parse_trust(octets, "t").document == make_trust_file()


def test_minima_are_read():
    minima = Minima(assurance=Origin.LISTED, binding=Binding.ADOPTED, isolation=Isolation.OTHER_UID)
    assert trust_of(make_trust_file(minima=minima)).minima == minima
    assert TRUST.minima == Minima()


IDENTITY = {"identity": "https://code.example/w.yml", "issuer": "https://tokens.example"}
AT_MAIN = {**IDENTITY, "identity": "https://code.example/w.yml@refs/heads/main"}
BY_IDENTITY = {"id": "w", "identities": [IDENTITY], "maxLevel": 1}


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("in one role", lambda d: d["writers"].append(row(SEALER))),
        ("in one role", lambda d: d.update(verifiers=[row(BUILDER)])),
        ("in one role", lambda d: d["sealers"].append(row(SEALER))),
        ("in one role", lambda d: d["builders"].append({**d["builders"][0], "id": "other"})),
        ("each builder id once", lambda d: d["builders"].append({**d["builders"][0], "keys": [row(SECOND_BUILDER)]})),
        ("SHA-256 of the key", lambda d: d["sealers"][0].update(keyid="0" * 64)),
        ("SHA-256 of the key", lambda d: d["sealers"][0].update(publicKey=to_base64(SECOND_SEALER.public.spki))),
        ("the key's own, ed25519", lambda d: d["sealers"][0].update(algorithm="ecdsa-p256")),
        ("SubjectPublicKeyInfo", lambda d: d["sealers"][0].update(publicKey="AAAA")),
        ("SubjectPublicKeyInfo", lambda d: d["sealers"][0].update(publicKey=to_base64(SEALER.public.spki + b"\0\0\0"))),
        ("base64", lambda d: d["sealers"][0].update(publicKey="A")),
        ("after notBefore", lambda d: d["sealers"][0].update(notBefore=instant.text(NOW), notAfter=instant.text(NOW))),
        ("UTC time", lambda d: d["sealers"][0].update(notBefore="2026-02-30T00:00:00.000Z")),
        ("UTC time", lambda d: d.update(expires="2026-13-01T00:00:00.000Z")),
        ("expires", lambda d: d.update(expires="2026-12-01T00:00:00+00:00")),
        ("at least 2 sealer keys", lambda d: d.update(thresholds={"sealer": 2})),
        ("at least 2 builder keys", lambda d: d.update(thresholds={"builder": 2})),
        ("thresholds", lambda d: d.update(thresholds={"sealer": 0})),
        ("maxLevel", lambda d: d["builders"][0].update(maxLevel=4)),
        ("maxLevel", lambda d: d["builders"][0].update(maxLevel=2.0)),
        ("a key or a certificate identity", lambda d: d["builders"][0].update(keys=[])),
        ("certificate identity once", lambda d: d["builders"][0].update(identities=[IDENTITY, IDENTITY])),
        ("thresholds.builder", lambda d: d.update(builders=[BY_IDENTITY], thresholds={"builder": 2})),
        ("identity once", lambda d: d.update(writerIdentities=[IDENTITY, IDENTITY])),
        ("identity in one role", lambda d: d.update(builders=[BY_IDENTITY], writerIdentities=[IDENTITY])),
        ("identity in one role", lambda d: d.update(builders=[BY_IDENTITY], writerIdentities=[AT_MAIN])),
        ("thresholds.writer", lambda d: d.update(writerIdentities=[IDENTITY], thresholds={"writer": 2}, writers=[])),
        ("writerKeySeconds", lambda d: d.update(writerIdentities=[IDENTITY], writerKeySeconds=0)),
        ("each build type once", lambda d: d.update(buildTypes=[{"id": "t", "externalParameters": {}}] * 2)),
        ("root of the custom instance", lambda d: d.update(sigstore={"name": "custom"})),
        ("sigstore", lambda d: d.update(sigstore={"name": "staging"})),
        ("updatedAt", lambda d: d.update(sigstore={"name": "production", "updatedAt": "2026-13-01T00:00:00.000Z"})),
        ("externalParameters", lambda d: d["builders"][0].update(externalParameters={"inputs": "any"})),
        ("version", lambda d: d.update(version=0)),
        ("version", lambda d: d.pop("version")),
        ("schema", lambda d: d.update(schema="https://mcp-attest.github.io/schemas/trust/v0.2")),
        ("unknown field", lambda d: d.update(sealer=[])),
        ("unknown field", lambda d: d["sealers"][0].update(comment="ours")),
        ("derived", lambda d: d.update(minima={"assurance": "derived"})),
        ("minima", lambda d: d.update(minima={"assurance": "perfect"})),
        ("minima", lambda d: d.update(minima={"referenceSequence": -1})),
    ],
)
def test_a_faulty_trust_file_is_malformed_and_the_fault_is_named(fault, change):
    with pytest.raises(MalformedError) as caught:
        parse_trust(edited(change), "trust.json")
    assert str(caught.value).startswith("trust.json")
    assert fault in str(caught.value)


def test_an_identity_of_another_issuer_or_branch_is_another_one():
    elsewhere = {**IDENTITY, "issuer": "https://other.example"}
    parse_trust(edited(lambda d: d.update(builders=[BY_IDENTITY], writerIdentities=[elsewhere])), "t")
    at_release = {"id": "r", "identities": [{**AT_MAIN, "identity": AT_MAIN["identity"] + "-1"}], "maxLevel": 1}
    parse_trust(edited(lambda d: d.update(builders=[at_release], writerIdentities=[AT_MAIN])), "t")


def test_a_certified_key_counts_for_a_day_unless_the_file_says_otherwise():
    assert TRUST.document.writer_key_seconds == 86_400
    assert b"writerKeySeconds" not in write_trust(make_trust_file())


def test_a_duplicate_key_in_the_json_is_refused():
    octets = write_trust(make_trust_file()).replace(b'"version": 1', b'"version": 1, "version": 2')
    with pytest.raises(MalformedError, match="twice"):
        parse_trust(octets, "t")


@pytest.mark.parametrize("octets", [b"", b"[]", b"null", b"\xff", b"{}", b'{"schema":NaN}', b"[" * 100_000])
def test_what_is_no_trust_file_is_malformed(octets):
    with pytest.raises(MalformedError):
        parse_trust(octets, "t")


def test_every_cut_of_a_trust_file_is_refused():
    octets = write_trust(make_trust_file()).rstrip()
    for length in range(0, len(octets), 7):
        with pytest.raises(AttestError):
            parse_trust(octets[:length], "t")


def test_a_file_that_cannot_be_read_is_unavailable(tmp_path):
    with pytest.raises(UnavailableError):
        load_trust(tmp_path / "none")
    with pytest.raises(UnavailableError):
        load_trust(tmp_path)


def test_a_file_is_loaded(tmp_path):
    path = tmp_path / "trust.json"
    path.write_bytes(write_trust(make_trust_file()))
    assert load_trust(path) == TRUST


def test_an_expired_file_is_untrusted_from_its_expiry_on():
    trust = trust_of(make_trust_file(expires=NOW))
    check_current(trust, NOW - 1)
    check_current(TRUST, NOW)
    for at in (NOW, NOW + DAY):
        with pytest.raises(UntrustedError, match="expired"):
            check_current(trust, at)


def test_a_key_counts_inside_its_window_ends_included():
    def change(document):
        window = {"notBefore": instant.text(NOW), "notAfter": instant.text(NOW + DAY)}
        document["sealers"][0].update(window)
        document["builders"][0]["keys"][0].update(window)

    trust = parse_trust(edited(change), "t")
    for at, counts in ((NOW - 1, False), (NOW, True), (NOW + DAY, True), (NOW + DAY + 1, False)):
        assert bool(trust.ring(Role.SEALER, at).keys) is counts
        assert bool(trust.ring(Role.BUILDER, at).keys) is counts
        assert bool(trust.as_of(at).ring(Role.SEALER).keys) is counts
        assert bool(trust.as_of(at).builders[0].ring.keys) is counts
        assert trust.ring(Role.WRITER, at).keys == (WRITER.public,)
    assert trust.ring(Role.SEALER).keys == (SEALER.public,)


def test_thresholds_reach_the_rings():
    def change(document):
        document["sealers"].append(row(SECOND_SEALER))
        document["thresholds"] = {"sealer": 2}

    trust = parse_trust(edited(change), "t")
    assert trust.ring(Role.SEALER).threshold == 2
    assert trust.ring(Role.WRITER).threshold == 1
