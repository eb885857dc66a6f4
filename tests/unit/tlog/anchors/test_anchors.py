"""The contract that every kind of anchor keeps: about these very bytes, by somebody trusted, asked just now."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import AttestError, MalformedError, UntrustedError
from attest.evidence.grammar import AnchorLine
from attest.tlog.anchors import ANCHORS
from attest.tlog.anchors.anchor import Anchor, Method, read_anchor
from attest.trust.authorities import authorities_of
from tests.evidence_story import change
from tests.fuzz.targets import TARGETS
from tests.log_documents import CHECKPOINT
from tests.sigstore_world import INTERMEDIATE, INTERMEDIATE_KEY, ROOT, TSA, TSA_KEY, TSA_ROOT, authority
from tests.time_stamping import EXPIRED, NOT_FOR_TIME, OTHER, OTHER_KEY, STAMPING, TRUST, answer_to, pem_of, trusting
from tests.timestamp_tokens import imprint_of
from tests.world import NOW

WHO: Final = authorities_of(TRUST.document)
PINNED: Final = authorities_of(trusting(pem_of(TSA_ROOT, TSA)).document)
STAMPER: Final = authority("leaf", OTHER_KEY, INTERMEDIATE, INTERMEDIATE_KEY, extensions=STAMPING, is_ca=False)
FAKE: Final = authority("fake", OTHER_KEY, NOT_FOR_TIME, TSA_KEY, extensions=STAMPING, is_ca=False)
"""Issued by somebody who got a certificate of the same root, and may issue none."""
OTHER_TSA: Final[dict[str, Any]] = {"certificate": OTHER, "key": OTHER_KEY}


@dataclass(frozen=True, kw_only=True)
class World:
    """Who answers in the world of one kind, rightly and otherwise."""

    answer: Callable[[bytes], bytes]
    wrong: dict[str, Callable[[bytes], bytes]]


def wrongly(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda request: answer_to(request, **changes)


WORLDS: Final = {
    "rfc3161": World(
        answer=answer_to,
        wrong={
            "imprint": wrongly(imprint=imprint_of(b"\x01" * 32)),
            "nonce": wrongly(nonce=7),
            "no nonce": wrongly(nonce=None),
            "authority": wrongly(**OTHER_TSA),
            "certificate of another": wrongly(**OTHER_TSA, embedded=(TSA,)),
            "no certificate": wrongly(embedded=()),
            "expired certificate": wrongly(certificate=EXPIRED),
            "certificate for something else": wrongly(certificate=NOT_FOR_TIME),
            "issuer that is no authority": wrongly(certificate=FAKE, key=OTHER_KEY, embedded=(FAKE, NOT_FOR_TIME)),
            "before the certificate": wrongly(at=0),
            "two signers": wrongly(signers=2),
        },
    )
}


@functools.cache
def answered(method: str) -> bytes:
    """An answer over the checkpoint: one, since a signature is another each time."""
    return WORLDS[method].answer(ANCHORS[method].ask(CHECKPOINT).body)


EVERY = pytest.mark.parametrize("method", ANCHORS)
WRONG = [(method, fault) for method, world in WORLDS.items() for fault in world.wrong]


def test_every_row_has_its_name_in_the_documents_and_a_world_here():
    assert set(get_args(Method)) == set(ANCHORS) == set(WORLDS)
    assert AnchorLine.__annotations__["method"] == Anchor.__annotations__["method"] == Method


@EVERY
def test_an_answer_to_what_was_asked_holds(method: str):
    kind, answer = ANCHORS[method], WORLDS[method].answer
    query = kind.ask(CHECKPOINT)
    got = answer(query.body)
    stamp = kind.check(CHECKPOINT, got, WHO, query.nonce, "anchor")
    assert (stamp.at, stamp.authority) == (NOW, WHO[0].name)
    assert kind.check(CHECKPOINT, got, WHO, None, "anchor") == stamp
    assert kind.check(CHECKPOINT, got, PINNED, None, "anchor") == stamp
    assert kind.claimed(CHECKPOINT, got, "anchor") == NOW


@EVERY
@pytest.mark.parametrize("sent", [(STAMPER, INTERMEDIATE), (INTERMEDIATE, STAMPER)], ids=["leaf first", "leaf last"])
def test_an_answer_may_bring_what_lies_between_its_signer_and_the_root(method: str, sent: tuple[Any, ...]):
    kind = ANCHORS[method]
    who = authorities_of(trusting(pem_of(ROOT)).document)
    got = answer_to(kind.ask(CHECKPOINT).body, certificate=STAMPER, key=OTHER_KEY, embedded=sent)
    assert kind.check(CHECKPOINT, got, who, None, "anchor").at == NOW
    assert kind.claimed(CHECKPOINT, got, "anchor") == NOW


@EVERY
def test_each_question_has_a_nonce_of_its_own_and_names_the_note_by_its_digest(method: str):
    first, second = ANCHORS[method].ask(CHECKPOINT), ANCHORS[method].ask(CHECKPOINT)
    assert first.nonce != second.nonce
    assert first.nonce.bit_length() > 32
    assert CHECKPOINT not in first.body


@pytest.mark.parametrize(("method", "fault"), WRONG)
def test_a_wrong_answer_is_refused(method: str, fault: str):
    kind = ANCHORS[method]
    query = kind.ask(CHECKPOINT)
    with pytest.raises(UntrustedError):
        kind.check(CHECKPOINT, WORLDS[method].wrong[fault](query.body), WHO, query.nonce, "anchor")


@EVERY
def test_an_answer_over_another_note_is_refused(method: str):
    kind = ANCHORS[method]
    got = WORLDS[method].answer(kind.ask(CHECKPOINT + b"x").body)
    for check in (lambda: kind.check(CHECKPOINT, got, WHO, None, "a"), lambda: kind.claimed(CHECKPOINT, got, "a")):
        with pytest.raises(UntrustedError):
            check()


@EVERY
def test_an_authority_counts_in_its_window_alone(method: str):
    kind, got = ANCHORS[method], answered(method)
    row = TRUST.document.timestamp_authorities[0]
    for window in ({"not_after": "2026-11-01T00:00:00.000Z"}, {"not_before": "2036-01-01T00:00:00.000Z"}):
        late = authorities_of(change(TRUST.document, timestamp_authorities=(change(row, **window),)))
        with pytest.raises(UntrustedError, match="inside the validity"):
            kind.check(CHECKPOINT, got, late, None, "anchor")


@EVERY
@given(choice=st.data())
def test_no_answer_with_another_byte_is_about_another_time(method: str, choice: st.DataObject):
    kind, got = ANCHORS[method], answered(method)
    place = choice.draw(st.integers(0, len(got) - 1))
    changed = got[:place] + bytes([got[place] ^ 1 << choice.draw(st.integers(0, 7))]) + got[place + 1 :]
    with contextlib.suppress(AttestError):
        # What nobody signed, a certificate beside the signer's say, may be another: what is said may not.
        assert kind.check(CHECKPOINT, changed, WHO, None, "anchor").at == NOW


@EVERY
def test_a_cut_answer_is_refused_at_every_length(method: str):
    kind, got = ANCHORS[method], answered(method)
    for length in range(0, len(got), 7):
        with pytest.raises(AttestError):
            kind.check(CHECKPOINT, got[:length], WHO, None, "anchor")


def test_an_anchor_without_a_checkpoint_is_none():
    good = TARGETS["anchor"].good
    with pytest.raises(MalformedError, match="note"):
        read_anchor(good.replace(b"attest.log/", b"attest.log\\n", 1), where="anchor")
