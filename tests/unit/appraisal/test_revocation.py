"""Revocation: from a moment on, and as old as it may be; both ends are exact."""

from __future__ import annotations

import pytest

from attest.appraisal.revocation import judge_known, judge_revoked
from attest.codec import instant
from attest.statement.findings import FindingKind
from attest.statement.predicates.runtime_revocation import Revocation, Revoked
from attest.trust.revocations import Void

SINCE = 1_790_000_000_000
VOID = Void(
    since=SINCE,
    revocation=Revocation(kind=Revoked.KEY, digest="0" * 64, void_from=instant.text(SINCE), reason="lost"),
)


def kinds(findings):
    return [each.kind for each in findings]


def test_a_reference_is_void_from_that_very_moment_on():
    assert judge_revoked(VOID, SINCE - 1) == ()
    assert judge_revoked(None, SINCE) == ()
    assert kinds(judge_revoked(VOID, SINCE)) == [FindingKind.REVOKED]


@pytest.mark.parametrize(("age", "found"), [(0, []), (60_000, []), (60_001, [FindingKind.REVOCATIONS_STALE])])
def test_what_is_known_may_be_so_old_and_no_older(age, found):
    assert kinds(judge_known(SINCE, SINCE + age, max_age_seconds=60)) == found


def test_not_to_know_as_of_when_is_too_old_where_it_matters():
    assert kinds(judge_known(None, SINCE, max_age_seconds=60)) == [FindingKind.REVOCATIONS_STALE]
    assert judge_known(None, SINCE, max_age_seconds=None) == ()
