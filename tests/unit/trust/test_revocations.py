"""Revocations: who may say them, what is void from when on, and as of when that is everything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical, instant
from attest.errors import AttestError, MalformedError, UntrustedError
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.signing.keys import PrivateKey
from attest.statement.predicates.runtime_revocation import PREDICATE_TYPE, Revocation, Revoked, RuntimeRevocation
from attest.statement.statement import findings_subject, make_statement
from attest.trust.document import Thresholds
from attest.trust.revocations import CLOCK_TOLERANCE_MILLISECONDS, Revocations, open_revocations, without_revoked
from attest.trust.revoking import make_revocation, self_revocation, sign_known, sign_revocation
from attest.trust.role import Role
from attest.trust.trust import Trust
from tests.evidence_story import change
from tests.world import (
    BUILDER,
    NOW,
    SEALER,
    SECOND_BUILDER,
    SECOND_SEALER,
    STRANGER,
    TRUST,
    WRITER,
    make_trust_file,
    trust_of,
)

REFERENCE = "ab" * 32
OTHER = "cd" * 32
DAY = 86_400_000


def of(digest: str = REFERENCE, *, since: int = NOW, kind: Revoked = Revoked.REFERENCE) -> Revocation:
    return make_revocation(kind, digest, void_from=since, reason="found changed")


def one(revocation: Revocation, key: PrivateKey = SEALER, at: int = NOW) -> bytes:
    return encode_envelope(sign_revocation(revocation, key, at=at))


def listed(*revocations: Revocation, key: PrivateKey = SEALER, at: int = NOW) -> bytes:
    return encode_envelope(sign_known(revocations, key, at=at))


def opened(*lines: bytes, trust: Trust = TRUST, known: Revocations | None = None) -> Revocations:
    return open_revocations([("revocations", b"\n".join(lines) + b"\n")], trust, known)


def test_a_sealer_revokes_a_reference_from_a_time_on() -> None:
    void = opened(one(of(since=NOW + 5))).of_reference(REFERENCE, ())
    assert void is not None
    assert void.since == NOW + 5
    assert opened(one(of())).of_reference(OTHER, ()) is None


def test_of_several_revocations_the_earliest_counts_wherever_it_stands() -> None:
    lines = (one(of(since=NOW + 9)), listed(of(since=NOW + 3), at=NOW), one(of(since=NOW + 7)))
    void = opened(*lines).of_reference(REFERENCE, ())
    assert void is not None
    assert void.since == NOW + 3


def test_a_reference_is_void_from_when_its_sealer_is() -> None:
    revocations = opened(one(of(SEALER.keyid, kind=Revoked.KEY, since=NOW - 5), key=SEALER))
    void = revocations.of_reference(REFERENCE, (SEALER.public,))
    assert void is not None
    assert void.since == NOW - 5
    assert revocations.of_reference(REFERENCE, (STRANGER.public,)) is None


@pytest.mark.parametrize("key", [SEALER, WRITER, BUILDER], ids=["sealer", "writer", "builder"])
def test_a_key_of_any_role_may_revoke_itself(key: PrivateKey) -> None:
    revocations = opened(encode_envelope(self_revocation(key, at=NOW)))
    assert revocations.of_key(key.keyid) is not None


@pytest.mark.parametrize(
    "line",
    [
        one(of(), key=WRITER),
        one(of(SEALER.keyid, kind=Revoked.KEY), key=WRITER),
        one(of(WRITER.keyid), key=WRITER),
        listed(key=WRITER),
        listed(of(WRITER.keyid, kind=Revoked.KEY), key=WRITER),
        one(of(), key=STRANGER),
        listed(key=STRANGER),
    ],
    ids=[
        "a reference",
        "another key",
        "a reference of its own id",
        "an empty list",
        "a list of itself",
        "stranger",
        "list",
    ],
)
def test_nobody_else_revokes_anything_and_it_is_said(line: bytes) -> None:
    with pytest.raises(UntrustedError):
        opened(line)


def test_a_word_about_itself_of_a_key_that_nobody_trusts_is_about_nothing() -> None:
    revocations = opened(encode_envelope(self_revocation(STRANGER, at=NOW)), one(of()))
    assert revocations.of_key(STRANGER.keyid) is None
    assert revocations.of_reference(REFERENCE, ()) is not None


def test_a_changed_byte_is_found_in_every_line() -> None:
    good = one(of())
    bad = good.replace(b'"sig":"', b'"sig":"AAAA', 1)
    for line in (bad, bad[:-8] + b"AAAA" + bad[-4:]):
        with pytest.raises(AttestError):
            opened(good, line)


@pytest.mark.parametrize("octets", [b"", b"\n", b"{}\n", b"\n\n", one(of()) + b"\n\n", one(of()) + b"\r\n"])
def test_a_file_is_lines_of_envelopes_and_nothing_else(octets: bytes) -> None:
    with pytest.raises(MalformedError):
        open_revocations([("revocations", octets)], TRUST)


def test_the_subject_is_the_record_and_no_good_digest() -> None:
    revocation = of()
    predicate = RuntimeRevocation(revocation=revocation, signed_at=instant.text(NOW))
    for subject in (findings_subject(of(OTHER)), findings_subject(revocation) * 2):
        payload = canonical.encode(make_statement(PREDICATE_TYPE, predicate, subject))
        with pytest.raises(MalformedError, match="subject"):
            opened(encode_envelope(sign_envelope(payload, SEALER)))


def test_with_a_threshold_one_sealer_revokes_nothing_but_itself() -> None:
    document = change(make_trust_file(sealers=(SEALER, SECOND_SEALER)), thresholds=Thresholds(sealer=2))
    trust = trust_of(document)
    with pytest.raises(UntrustedError):
        opened(one(of()), trust=trust)
    assert opened(encode_envelope(self_revocation(SEALER, at=NOW)), trust=trust).of_key(SEALER.keyid) is not None


def test_only_a_list_says_as_of_when_nothing_else_was_revoked() -> None:
    assert opened(one(of())).known_at(NOW) is None
    assert opened(one(of()), listed(at=NOW - DAY), listed(at=NOW - 5)).known_at(NOW) == NOW - 5


def test_a_list_from_the_future_makes_nothing_recent() -> None:
    ahead = NOW + CLOCK_TOLERANCE_MILLISECONDS
    assert opened(listed(at=ahead)).known_at(NOW) == ahead
    assert opened(listed(at=ahead + 1)).known_at(NOW) is None
    assert opened(listed(of(), at=ahead + 1)).of_reference(REFERENCE, ()) is not None


def test_a_list_by_a_key_that_was_void_by_then_makes_nothing_recent() -> None:
    void = one(of(SECOND_SEALER.keyid, kind=Revoked.KEY, since=NOW - 10))
    trust = trust_of(make_trust_file(sealers=(SEALER, SECOND_SEALER)))
    fresh, before = listed(key=SECOND_SEALER, at=NOW), listed(key=SECOND_SEALER, at=NOW - 11)
    assert opened(fresh, trust=trust).known_at(NOW) == NOW
    assert opened(fresh, void, trust=trust).known_at(NOW) is None
    assert opened(fresh, before, void, trust=trust).known_at(NOW) == NOW - 11


def test_a_sealer_outside_its_window_still_revokes_but_makes_nothing_recent() -> None:
    document = make_trust_file()
    old = change(document.sealers[0], not_after=instant.text(NOW - DAY))
    trust = trust_of(change(document, sealers=(old,)))
    revocations = opened(listed(of(), at=NOW), trust=trust)
    assert revocations.of_reference(REFERENCE, ()) is not None
    assert revocations.known_at(NOW) is None


def test_what_was_known_stays_known_when_a_file_gets_older() -> None:
    first = opened(listed(of(), at=NOW))
    second = opened(listed(at=NOW - DAY), known=first)
    assert second.of_reference(REFERENCE, ()) is not None
    assert second.known_at(NOW) == NOW


def test_revocations_come_from_verified_statements_alone() -> None:
    class Pretended:
        role = "writer"
        signers = (WRITER.public,)
        value: Any = make_statement(
            PREDICATE_TYPE, RuntimeRevocation(revocation=of(), signed_at=instant.text(NOW)), findings_subject(of())
        )

    with pytest.raises(UntrustedError):
        Revocations([Pretended()], TRUST)  # type: ignore[list-item]


def test_a_void_builder_is_taken_out_and_a_writer_stays() -> None:
    trust = trust_of(make_trust_file(builders=(BUILDER, SECOND_BUILDER)))
    lines = [encode_envelope(self_revocation(key, at=NOW)) for key in (BUILDER, WRITER)]
    revocations = opened(*lines, trust=trust)
    left = without_revoked(trust, revocations, NOW)
    assert [key.keyid for key in left.ring(Role.BUILDER).keys] == [SECOND_BUILDER.keyid]
    assert [key.keyid for key in left.builders[0].ring.keys] == [SECOND_BUILDER.keyid]
    assert left.ring(Role.WRITER).find(WRITER.keyid) is not None
    before = without_revoked(trust, revocations, NOW - 1)
    assert before.ring(Role.BUILDER).find(BUILDER.keyid) is not None
    assert without_revoked(trust, None, NOW) is trust


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-DAY, DAY), st.booleans()), min_size=1, max_size=8))
def test_order_and_form_never_matter(told: list[tuple[int, int, bool]]) -> None:
    revocations = [of(f"{number:064x}", since=NOW + shift) for number, shift, _ in told]
    lines = [listed(each) if in_list else one(each) for each, (_, _, in_list) in zip(revocations, told, strict=True)]
    forward, backward = opened(*lines), opened(*reversed(lines))
    for number, shift, _ in told:
        void = forward.of_reference(f"{number:064x}", ())
        again = backward.of_reference(f"{number:064x}", ())
        assert void is not None
        assert again is not None
        assert void.since == again.since == NOW + min(other for same, other, _ in told if same == number)
        assert void.since <= NOW + shift
