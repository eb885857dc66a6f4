"""The worst finding decides; what is written out is bounded and printable, and everything counts."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.state import STATE_OF, make_finding, make_findings, worst_state
from attest.codec import canonical, strict
from attest.statement.findings import MAX_FINDINGS, Finding, FindingKind, Findings
from attest.statement.states import STATE_RANK, State

KINDS = st.sampled_from(list(FindingKind))
FINDINGS = st.lists(st.builds(make_finding, KINDS, st.text(max_size=5)), max_size=12)


def test_every_kind_of_finding_leads_away_from_match() -> None:
    assert set(STATE_OF) == set(FindingKind)
    assert State.MATCH not in STATE_OF.values()


def test_without_findings_it_is_a_match() -> None:
    assert make_findings([]) == Findings(state=State.MATCH, findings=(), total=0)


@given(findings=FINDINGS, more=KINDS)
def test_a_further_finding_never_makes_it_better(findings: list[Finding], more: FindingKind) -> None:
    before = STATE_RANK[worst_state(findings)]
    after = STATE_RANK[worst_state([*findings, make_finding(more, "x")])]
    assert after == max(before, STATE_RANK[STATE_OF[more]])


@given(findings=FINDINGS)
def test_the_order_of_findings_does_not_matter(findings: list[Finding]) -> None:
    assert make_findings(findings) == make_findings(findings[::-1])


def test_more_findings_than_fit_are_counted_and_the_worst_are_kept() -> None:
    unread = [make_finding(FindingKind.UNREADABLE, f"a/{n:05}") for n in range(MAX_FINDINGS)]
    changed = make_finding(FindingKind.CHANGED, "z/last")
    record = make_findings([*unread, changed])
    assert (record.state, record.total) == (State.DRIFT, MAX_FINDINGS + 1)
    assert len(record.findings) == MAX_FINDINGS
    assert record.findings[-1] == changed


@given(where=st.text(), found=st.text())
def test_any_text_makes_a_record_that_can_be_written_and_read(where: str, found: str) -> None:
    record = make_findings([make_finding(FindingKind.EXTRA, where, found=found)])
    written = canonical.encode(record)
    assert strict.read(written, Findings, where="findings") == record


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain é 文", "plain é 文"),
        ("", '""'),
        ("a\nb\x1b[2J", "a\\x0ab\\x1b[2J"),
        ("\udcff", "\\udcff"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_cannot_be_printed_is_spelled_out(text: str, line: str) -> None:
    assert make_finding(FindingKind.EXTRA, text).where == line


def test_a_line_that_is_too_long_is_cut() -> None:
    for text in ("x" * 5000, "\x00" * 5000):
        where = make_finding(FindingKind.EXTRA, text).where
        assert len(where) == 4096
        assert where.endswith("…")
        msgspec.convert({"kind": "extra", "where": where}, Finding)
