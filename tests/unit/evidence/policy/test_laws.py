"""Laws: a policy only tightens; tightening never helps; and no exceptions let a file pass that is not whole or true."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.evidence.policy import document
from attest.evidence.policy.excusing import MATCHED
from attest.evidence.policy.rules import RULES
from attest.evidence.verdict import Axis, CheckResult, Status
from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.gathered import Judged
from attest.evidence.verify.result import is_passed
from attest.evidence.verify.sheet import axes_of
from attest.statement.findings import Finding, FindingKind, Findings
from attest.statement.states import State
from tests.calls_story import GOVERNED, CallStory
from tests.evidence_story import REFERENCE, Story, change, honest, seal
from tests.policies import exception, held, judged

WORDS: Final = {
    "tier": ("structural", "receipts", "full"),
    "min-binding": ("remote", "tree", "adopted", "launched"),
    "min-isolation": ("same-uid", "other-uid", "privileged"),
    "least": ("site", "locked", "listed", "built"),
}
"""Least first."""

DOWN: Final = (
    "max-uncovered-seconds",
    "max-age-seconds",
    "max-denied",
    "max-let-pass",
    "max-unanswered",
    "max-drifted",
)
TABLE_OF: Final = {
    "tier": "required",
    "min-binding": "measured",
    "min-isolation": "measured",
    "min-seconds": "measured",
    "min-cycles": "measured",
    "max-gap-seconds": "measured",
    "max-uncovered-seconds": "measured",
    "max-age-seconds": "measured",
    "least": "assurance",
    "min-built": "assurance",
    "min-listed": "assurance",
    "min-locked": "assurance",
    "min-slsa-level": "build",
    "min-permitted": "calls",
    "max-denied": "calls",
    "max-let-pass": "calls",
    "max-unanswered": "calls",
    "max-drifted": "calls",
}
SHARES: Final = ("min-built", "min-listed", "min-locked")
BOUNDS: Final = {"min-slsa-level": (0, 3), "max-age-seconds": (1, 1000), "max-gap-seconds": (1, 40)}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Judged]:
    """What can come before a policy: honest evidence, with calls, with drift, cut, forged, and no evidence at all."""
    folder = tmp_path_factory.mktemp("laws")
    return tuple(_files(folder))


def _files(folder: Path) -> Iterator[Judged]:
    lines = honest(folder / "honest")
    yield judged(lines)
    with CallStory(folder / "calls", reference=GOVERNED) as story:
        story.open().answered().deny(story.call("set_time"))
        yield judged(story.stop().wait(9000).start().measure().stop().export(), references=(story.reference,))
    sealed = change(REFERENCE, enforcement__on_drift="alert")
    drift = Findings(state=State.DRIFT, findings=(Finding(kind=FindingKind.CHANGED, where="tree/cache/x"),), total=1)
    with Story(folder / "drift", reference=sealed) as drifted:
        drifted.start().measure().violate(drift)
        lines_with_drift = drifted.measure().stop().export()
    yield judged(lines_with_drift, references=(seal(sealed)[0],))
    yield judged(lines_with_drift[:-4], references=(seal(sealed)[0],))
    yield judged([line.replace(b'"sig":"', b'"sig":"A') for line in lines])
    yield judged([*lines[:4], *lines[5:]])
    yield judged([b"nothing\n"])


def text_of(demands: dict[str, Any]) -> str:
    tables: dict[str, list[str]] = {}
    for key, value in demands.items():
        written = f'"{value}"' if isinstance(value, str) else f"{value}"
        tables.setdefault(TABLE_OF[key], []).append(f"{key} = {written}")
    return "\n".join("\n".join([f"[{name}]", *rows]) for name, rows in tables.items()) + "\n"


def values(key: str) -> st.SearchStrategy[Any]:
    if key in WORDS:
        return st.sampled_from(WORDS[key])
    return st.floats(0, 1) if key in SHARES else st.integers(*BOUNDS.get(key, (0, 20)))


def tightness(key: str, value: float | str) -> float:
    if key in WORDS:
        return WORDS[key].index(str(value))
    return -float(value) if key.startswith("max-") else float(value)


DEMANDS: Final = st.fixed_dictionaries({}, optional={key: values(key) for key in TABLE_OF if key != "tier"})
"""The tier apart: one that is content with entries alone cannot be written beside what needs more."""
EXCUSED: Final = st.lists(
    st.sampled_from(
        [*(exception(check) for check in RULES), exception(MATCHED, more='paths = ["tree/cache/*", "tree/x*"]')]
    ),
    max_size=6,
).map("".join)


@given(looser=DEMANDS, data=st.data())
def test_a_tighter_bound_never_turns_failed_into_passed(
    files: Sequence[Judged], looser: dict[str, Any], data: st.DataObject
) -> None:
    tighter = dict(looser)
    for key in sorted(TABLE_OF.keys() - {"tier"}):
        drawn = data.draw(st.none() | values(key))
        if drawn is not None and (key not in looser or tightness(key, drawn) >= tightness(key, looser[key])):
            tighter[key] = drawn
    exceptions = data.draw(EXCUSED)
    one = held(text_of(looser) + exceptions, *files)
    two = held(text_of(tighter) + exceptions, *files)
    for before, after in zip(one, two, strict=True):
        assert before.passed or not after.passed


@pytest.mark.parametrize("key", [key for key in TABLE_OF if key in WORDS])
def test_a_stronger_word_never_turns_failed_into_passed(files: Sequence[Judged], key: str) -> None:
    for judged_file in files:
        passed = [held(text_of({key: word}), judged_file)[0].passed for word in WORDS[key]]
        assert passed == sorted(passed, reverse=True)


@given(demands=DEMANDS, exceptions=EXCUSED)
def test_a_policy_makes_nothing_pass_but_known_drift(
    files: Sequence[Judged], demands: dict[str, Any], exceptions: str
) -> None:
    for before, after in zip(files, held(text_of(demands) + exceptions, *files), strict=True):
        failed = {check.id for check in before.verdict.checks if check.status in {"fail", "unproven"}}
        assert not after.passed or failed <= {MATCHED}
        kept = {check.id: check for check in after.checks if check.axis is not Axis.POLICY}
        assert [kept[check.id] for check in before.verdict.checks if check.id != MATCHED] == [
            check for check in before.verdict.checks if check.id != MATCHED
        ]


ALL_EXCUSED: Final = "".join(
    [*(exception(check) for check in RULES), exception(MATCHED, more='paths = ["tree/cache/*"]')]
)


def _with(file: Judged, check: str, status: Status) -> Judged:
    """Return a file in which one more check did not pass, whatever else is true of it."""
    result = CheckResult(id=check, axis=CHECKS[check].axis, status=status, detail="planted")
    checks = (*(each for each in file.verdict.checks if each.id != check), result)
    passed = "PASSED" if is_passed(checks) else "FAILED"
    verdict = msgspec.structs.replace(file.verdict, checks=checks, axes=axes_of(checks), verdict=passed)
    return msgspec.structs.replace(file, verdict=verdict)


NEVER: Final = [check for check in CHECKS if check not in RULES and check not in {MATCHED, "policy.exceptions"}]


@pytest.mark.parametrize("status", [Status.FAIL, Status.UNPROVEN])
def test_no_exceptions_let_a_file_pass_of_which_any_other_check_failed(files: Sequence[Judged], status: Status) -> None:
    for file, check in itertools.product(files[:3], NEVER):
        [verdict] = held(ALL_EXCUSED, _with(file, check, status))
        assert not verdict.passed, check


def test_without_what_was_planted_those_files_pass(files: Sequence[Judged]) -> None:
    assert [held(ALL_EXCUSED, file)[0].passed for file in files] == [True, True, True, False, False, False, False]


@pytest.mark.parametrize("axis", [Axis.INTEGRITY, Axis.AUTHENTICITY, Axis.COMPLETENESS])
def test_drift_stays_a_failure_in_a_file_that_is_not_whole_or_not_true(files: Sequence[Judged], axis: Axis) -> None:
    check = next(check for check in NEVER if CHECKS[check].axis is axis)
    [verdict] = held(ALL_EXCUSED, _with(files[2], check, Status.UNPROVEN))
    assert verdict.axes.conformance == "fail"


def test_every_number_that_a_policy_can_hold_is_in_these_laws() -> None:
    numbers = {
        name
        for table in (document.MeasuredTable, document.AssuranceTable, document.BuildTable, document.CallsTable)
        for name in table.__struct_encode_fields__
        if name.startswith(("min-", "max-"))
    }
    assert numbers | {"tier", "least"} == set(TABLE_OF)
