"""Revoked references and keys in evidence: void from a time on, and what is known has to be young enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest.codec import instant
from attest.evidence.grammar import Tier
from attest.evidence.verify.revoked import heed
from attest.provenance.model import Expectations
from attest.statement.predicates.runtime_revocation import Revocation
from attest.trust.document import Minima
from attest.trust.revocations import open_revocations
from attest.trust.trust import Trust
from tests import documents
from tests.evidence_story import CYCLE, Story, ask, failing, honest, judge
from tests.log_documents import LOG
from tests.revoking import known, of_key, of_reference, single
from tests.world import (
    BUILDER,
    NOW,
    SEALER,
    SECOND_SEALER,
    STRANGER,
    TRUST,
    WRITER,
    make_trust_file,
    trust_of,
)

BEGAN = NOW - 600_000
"""When the honest story starts; it measures every ten seconds from then on."""

STALE = ["freshness.revocation"]

AGED: Trust = trust_of(make_trust_file(minima=Minima(revocation_age_seconds=3600)))


def check_of(verdict: Any, name: str) -> Any:
    [check] = [each for each in verdict.checks if each.id == name]
    return check


@pytest.mark.parametrize("revocation", [of_reference(since=BEGAN + CYCLE), of_key(SEALER, since=BEGAN + CYCLE)])
def test_from_when_it_is_void_on_measurements_do_not_count(revocation: Revocation, tmp_path: Path) -> None:
    lines = honest(tmp_path / "log")
    verdict = judge(lines, revocations=known(revocation))
    assert list(failing(verdict)) == ["authenticity.revocation"]
    check = check_of(verdict, "authenticity.revocation")
    assert revocation.reason in check.detail
    # Three measurements, and the reference itself as of now; the first one stands for them.
    assert "(and 3 more)" in check.detail
    assert check.found == instant.text(BEGAN + CYCLE)


@pytest.mark.parametrize("revocation", [of_reference(since=NOW - 1000), of_key(SEALER, since=NOW - 1000)])
def test_before_that_they_do_while_the_reference_is_not_yet_void(revocation: Revocation, tmp_path: Path) -> None:
    lines = honest(tmp_path / "log")
    assert judge(lines, revocations=known(revocation), at=NOW - 1001).passed
    verdict = judge(lines, revocations=known(revocation), at=NOW - 1000)
    assert list(failing(verdict)) == ["authenticity.revocation"]
    assert "now" in (check_of(verdict, "authenticity.revocation").found or "")


def test_what_a_writer_signed_before_its_key_was_void_goes_on_counting(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        lines = story.start().measure(2).stop().export()
        last = story.now
    assert judge(lines, revocations=known(of_key(WRITER, since=last + 1))).passed
    verdict = judge(lines, revocations=known(of_key(WRITER, since=last)))
    assert list(failing(verdict)) == ["authenticity.revocation"]
    assert check_of(verdict, "authenticity.revocation").where.startswith("line ")


def test_without_receipts_the_key_of_the_checkpoint_is_judged(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        lines = story.start().measure(2).stop().export(tier=Tier.STRUCTURAL)
        last = story.now
    asked = {"tier": Tier.STRUCTURAL}
    good = judge(lines, revocations=known(of_key(WRITER, since=last + 1)), **asked)
    assert good.passed
    assert check_of(good, "authenticity.revocation").status == "asserted"
    bad = judge(lines, revocations=known(of_key(WRITER, since=last)), **asked)
    assert list(failing(bad)) == ["authenticity.revocation"]
    demanding = judge(lines, revocations=known(), trust=AGED, **asked)
    assert list(failing(demanding)) == ["authenticity.revocation"]


def test_revocations_of_others_change_nothing(tmp_path: Path) -> None:
    others = known(of_reference("ab" * 32, since=0), of_key(STRANGER, since=0), of_key(SECOND_SEALER, since=0))
    verdict = judge(honest(tmp_path / "log"), revocations=others)
    assert verdict.passed
    assert check_of(verdict, "authenticity.revocation").status == "pass"


def test_nobody_who_was_told_nothing_is_asked(tmp_path: Path) -> None:
    ids = {each.id for each in judge(honest(tmp_path / "log")).checks}
    assert ids.isdisjoint({"authenticity.revocation", "freshness.revocation"})


@pytest.mark.parametrize(
    ("revocations", "failed"),
    [
        (None, STALE),
        (known(at=NOW - 3_600_001), STALE),
        (known(at=NOW - 3_600_000), []),
        (known(at=NOW + 60_001), STALE),
        (known(of_key(SEALER, since=NOW + 1), at=NOW), []),
    ],
    ids=["none", "too old", "just young enough", "from the future", "of a key that will be void"],
)
def test_what_is_known_is_no_older_than_the_trust_file_allows(
    revocations: Any, failed: list[str], tmp_path: Path
) -> None:
    verdict = judge(honest(tmp_path / "log"), revocations=revocations, trust=AGED)
    assert list(failing(verdict)) == failed
    assert check_of(verdict, "freshness.revocation").status == ("unproven" if failed else "pass")


def test_single_revocations_never_show_that_there_are_no_others(tmp_path: Path) -> None:
    only = open_revocations([("r", single(of_reference("ab" * 32)))], AGED)
    verdict = judge(honest(tmp_path / "log"), revocations=only, trust=AGED)
    assert list(failing(verdict)) == ["freshness.revocation"]


def test_evidence_by_a_void_builder_counts_no_more(tmp_path: Path) -> None:
    lines = honest(tmp_path / "log")
    assert judge(lines, revocations=known(of_key(BUILDER, since=NOW + 1))).passed
    assert "build-link.evidence" in set(failing(judge(lines, revocations=known(of_key(BUILDER, since=NOW)))))


def test_a_key_from_the_command_line_can_be_void_too() -> None:
    question = ask(expectations=Expectations(keys=(STRANGER.public,)), revocations=known(of_key(STRANGER, since=NOW)))
    assert heed(question).expectations.keys == ()


def test_a_reference_alone_is_judged_as_of_now() -> None:
    octets = [documents.REFERENCE_ENVELOPE + b"\n"]
    void = known(of_reference(documents.REFERENCE_DIGEST, since=NOW))
    asked = {"references": (documents.REFERENCE_DIGEST,)}
    before = check_of(judge(octets, revocations=void, at=NOW - 1, **asked), "authenticity.revocation")
    assert before.status == "pass"
    now = check_of(judge(octets, revocations=void, **asked), "authenticity.revocation")
    assert now.status == "fail"


@pytest.mark.parametrize("kind", ["key", "reference"])
def test_a_receipt_alone_is_judged_by_its_own_times(kind: str) -> None:
    octets = [LOG[1].envelope + b"\n"]
    begun, recorded = NOW + 10_000, NOW + 10_200
    of_writer = kind == "key"
    asked: dict[str, Any] = {"references": (documents.REFERENCE_DIGEST,), "at": NOW + 20_000}
    for since, status in ((recorded if of_writer else begun, "fail"), (recorded + 1, "asserted")):
        void = known(
            of_key(WRITER, since=since) if of_writer else of_reference(documents.REFERENCE_DIGEST, since=since)
        )
        verdict = judge(octets, revocations=void, **asked)
        assert check_of(verdict, "authenticity.revocation").status == status


def test_trust_is_the_same_file_whatever_was_revoked(tmp_path: Path) -> None:
    verdict = judge(honest(tmp_path / "log"), revocations=known(of_key(BUILDER, since=0)))
    assert verdict.trust.sha256 == TRUST.digest
