"""Statements: signed, opened, and of no other type than asked for."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical
from attest.codec.octets import sha256_hex
from attest.errors import AttestError, MalformedError, UntrustedError
from attest.signing.dsse import Envelope, sign_envelope
from attest.statement.digests import DigestSet, Subject
from attest.statement.findings import Finding, FindingKind, Findings
from attest.statement.predicates import PREDICATES, RECEIPTS, runtime_revocation, runtime_violation, short_name
from attest.statement.predicates.runtime_revocation import Revocation, Revoked, RuntimeRevocation
from attest.statement.statement import (
    findings_subject,
    make_statement,
    open_statement,
    payload_digest,
    predicate_type_of,
    read_statement,
    sign_statement,
)
from attest.statement.states import State
from tests.world import SEALER, STRANGER, make_ring

TYPE = runtime_revocation.PREDICATE_TYPE
REVOCATION = Revocation(
    kind=Revoked.KEY, digest="0" * 64, void_from="2026-11-22T12:00:00.000Z", reason="the key was löst"
)
PREDICATE = RuntimeRevocation(revocation=REVOCATION, signed_at="2026-11-22T12:00:00.000Z")
STATEMENT = make_statement(TYPE, PREDICATE, findings_subject(REVOCATION))
PAYLOAD = canonical.encode(STATEMENT)
ENVELOPE = sign_statement(STATEMENT, SEALER)
RING = make_ring(SEALER)


def open_(envelope: Envelope, predicate_type: str = TYPE):
    return open_statement(envelope, RING, predicate_type, RuntimeRevocation, where="s")


def changed(**fields) -> bytes:
    value = {**json.loads(PAYLOAD), **fields}
    return canonical.encode_value({name: one for name, one in value.items() if one is not None})


def test_a_statement_is_opened_as_it_was_signed():
    opened = open_(ENVELOPE)
    assert opened.value == STATEMENT
    assert (opened.role, opened.signers) == ("sealer", (SEALER.public,))


def test_a_reference_is_named_by_the_digest_of_its_payload():
    assert payload_digest(ENVELOPE, where="s") == sha256_hex(PAYLOAD)


def test_a_strangers_statement_is_untrusted_before_it_is_read():
    with pytest.raises(UntrustedError):
        open_(sign_envelope(b"not even a statement", STRANGER))


def test_the_payload_type_counts_and_is_looked_at_after_the_signature():
    with pytest.raises(MalformedError, match="payloadType"):
        open_(sign_envelope(PAYLOAD, SEALER, payload_type="application/json"))
    with pytest.raises(UntrustedError):
        open_(msgspec.structs.replace(ENVELOPE, payload_type="application/json"))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        PAYLOAD + b"\n",
        b" " + PAYLOAD,
        json.dumps(json.loads(PAYLOAD)).encode(),
        changed(_type="https://in-toto.io/Statement/v0.1"),
        changed(_type=None),
        changed(predicateType=runtime_violation.PREDICATE_TYPE),
        changed(predicateType="x"),
        changed(predicateType=None),
        changed(subject=[]),
        changed(subject=None),
        changed(subject=[{"name": "x"}]),
        changed(subject=[{"digest": {}}]),
        changed(subject=[{"digest": {"md5": "0" * 32}}]),
        changed(subject=[{"digest": {"sha256": "0" * 64}, "uri": "x"}]),
        changed(subject=[{"digest": {"sha256": "0" * 64}}] * 4097),
        changed(predicate=None),
        changed(predicate={}),
        changed(predicate={**msgspec.to_builtins(PREDICATE), "more": 1}),
        changed(predicate={**msgspec.to_builtins(PREDICATE), "signedAt": "2026-02-30T12:00:00.000Z"}),
        changed(predicate={**msgspec.to_builtins(PREDICATE), "signedAt": "2026-11-22T12:00:00+00:00"}),
        changed(predicate={"revocation": {**msgspec.to_builtins(REVOCATION), "kind": "person"}, "signedAt": "x"}),
        changed(more=1),
    ],
)
def test_a_signed_payload_that_is_no_such_statement_is_malformed(payload):
    with pytest.raises(MalformedError) as caught:
        open_(sign_envelope(payload, SEALER))
    assert caught.value.where.startswith("s")


def test_a_statement_of_another_predicate_type_is_malformed():
    with pytest.raises(MalformedError, match="predicateType"):
        open_(ENVELOPE, runtime_violation.PREDICATE_TYPE)


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"{}", b'{"predicateType":7}', b'{"predicateType":"\xff"}', b"\xff"]
)
def test_an_envelope_that_claims_no_type_is_malformed(payload):
    envelope = Envelope(payload=payload or b"\0", payload_type=ENVELOPE.payload_type, signatures=ENVELOPE.signatures)
    with pytest.raises(MalformedError):
        predicate_type_of(envelope, where="s")


def test_the_claimed_type_is_told_without_any_check():
    assert predicate_type_of(sign_statement(STATEMENT, STRANGER), where="s") == TYPE


@given(st.binary(max_size=100))
def test_any_signed_bytes_are_refused_and_nothing_else_happens(octets):
    with pytest.raises(AttestError):
        read_statement(octets, TYPE, RuntimeRevocation, where="s")


# Findings.

FINDINGS = Findings(
    state=State.DRIFT, findings=(Finding(kind=FindingKind.CHANGED, where="tree/a", expected="0", found="1"),), total=1
)


def test_the_subject_of_a_negative_statement_is_the_digest_of_its_own_findings():
    (subject,) = findings_subject(FINDINGS)
    assert subject == Subject(name="findings", digest=DigestSet(sha256=sha256_hex(canonical.encode(FINDINGS))))
    assert findings_subject(FINDINGS, name="event")[0].name == "event"


@pytest.mark.parametrize("change", [{"total": 2}, {"state": State.UNKNOWN}, {"findings": ()}])
def test_other_findings_have_another_subject(change):
    assert findings_subject(msgspec.structs.replace(FINDINGS, **change)) != findings_subject(FINDINGS)


# The table of predicates.


def test_each_predicate_has_a_type_of_its_own_and_a_short_name():
    assert len(set(PREDICATES.values())) == len(PREDICATES)
    names = [short_name(predicate_type) for predicate_type in PREDICATES]
    assert names == [
        "runtime-reference",
        "runtime-measurement",
        "runtime-violation",
        "runtime-event",
        "runtime-revocation",
        "tool-permit",
        "tool-denial",
        "caller-drift",
    ]
    assert all(kind == f"https://mcp-attest.github.io/predicates/{short_name(kind)}/v0.1" for kind in PREDICATES)


def test_every_receipt_carries_the_receipt_header():
    for predicate in RECEIPTS.values():
        assert "receipt" in predicate.__struct_fields__
    assert set(PREDICATES) - set(RECEIPTS) == {
        kind for kind in PREDICATES if short_name(kind) in {"runtime-reference", "runtime-revocation"}
    }
