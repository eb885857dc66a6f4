"""Evidence about a server on a runtime: both references are here and fit, or the evidence fails for its own reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from attest.codec import instant
from attest.evidence.reports import REPORTS
from attest.evidence.verdict import Verdict
from attest.statement.levels import Origin
from attest.statement.predicates.runtime_measurement import MeasuredProcess
from attest.statement.predicates.runtime_reference import RuntimeDemand, RuntimeReference, Unclaimed
from attest.statement.profile import Program
from attest.trust.document import Minima, SealRules
from tests.evidence_story import EVIDENCE, REFERENCE, Story, change, failing, judge, rewrite, seal
from tests.world import NOW, SECOND_WRITER, STRANGER, make_trust_file, trust_of

PROGRAM: Final = Program(path="{runtime}/bin/python3.12", sha256="ab" * 32)
SERVER: Final[RuntimeReference] = change(REFERENCE, runtime=RuntimeDemand(name="cpython-3.12", sequence=2))
RUNTIME: Final[RuntimeReference] = change(
    REFERENCE,
    server__name="cpython-3.12",
    server__version="3.12.7",
    server__purl=None,
    program=PROGRAM,
    process=None,
    evidence=(),
    artifacts=(),
    unbound=(),
    validity__sequence=2,
    validity__not_after=None,
    validity__ttl_seconds=None,
)
NEWER: Final[RuntimeReference] = change(RUNTIME, validity__sequence=3)
GOOD: Final = MeasuredProcess(
    pid=1, start_time_ticks=2, uid=3, executable_path="/usr/bin/python3.12", executable_sha256=PROGRAM.sha256
)


def story(
    folder: Path,
    *runtimes: RuntimeReference,
    server: RuntimeReference = SERVER,
    sealers: Sequence[Any] = (),
) -> Story:
    """A log about the server, with the references of runtimes beside it; `sealers` sign them, one each."""
    envelopes = [_envelope(each, sealers, number) for number, each in enumerate(runtimes)]
    made = Story(folder, reference=server, runtimes=envelopes)
    made.process = GOOD
    return made


def _envelope(runtime: RuntimeReference, sealers: Sequence[Any], number: int) -> bytes:
    return seal(runtime, sealers[number])[1] if number < len(sealers) else seal(runtime)[1]


def digest_of(reference: RuntimeReference) -> str:
    return seal(reference)[0]


def told(folder: Path, *runtimes: RuntimeReference, server: RuntimeReference = SERVER, **changes: Any) -> Verdict:
    """Judge three honest cycles."""
    with story(folder, *runtimes, server=server) as each:
        lines = each.start().measure(3).stop().export()
    return judge(lines, **{"references": (digest_of(server),), **changes})


def test_a_server_on_its_runtime_passes_and_the_verdict_tells_both(tmp_path: Path) -> None:
    verdict = told(tmp_path, RUNTIME)
    assert list(failing(verdict)) == []
    assert verdict.passed
    [runtime] = verdict.runtimes
    assert (runtime.name, runtime.version, runtime.sequence) == ("cpython-3.12", "3.12.7", 2)
    assert runtime.digest == digest_of(RUNTIME)
    assert "cpython-3.12 3.12.7, sequence 2" in REPORTS["text"].render([verdict])


def test_the_shares_stay_those_of_each_reference(tmp_path: Path) -> None:
    site = change(RUNTIME, assurance__built__files=0, assurance__derived__files=0, assurance__site__files=7)
    verdict = told(tmp_path, site)
    assert verdict.assurance == told(tmp_path / "other", RUNTIME).assurance
    assert verdict.runtimes[0].assurance is not None
    assert verdict.runtimes[0].assurance.site == 1


def test_a_newer_reference_of_the_runtime_is_as_good(tmp_path: Path) -> None:
    assert told(tmp_path, NEWER).passed


def test_a_runtime_may_be_updated_between_two_runs_and_the_server_stays_sealed(tmp_path: Path) -> None:
    with story(tmp_path, RUNTIME, NEWER) as each:
        each.start().measure(2).stop()
        each.runtime = each.runtimes[1]
        lines = each.wait(1000).start(run="cd" * 16).measure(2).stop(run="cd" * 16).export()
    verdict = judge(lines, references=(digest_of(SERVER),))
    assert list(failing(verdict)) == []
    assert [runtime.sequence for runtime in verdict.runtimes] == [2, 3]


def test_the_runtimes_own_reference_can_be_expected_too(tmp_path: Path) -> None:
    verdict = told(tmp_path, RUNTIME, references=(digest_of(SERVER), digest_of(RUNTIME)))
    assert list(failing(verdict)) == []
    missing = told(tmp_path / "other", RUNTIME, references=(digest_of(SERVER), digest_of(NEWER)))
    assert "build-link.reference" in failing(missing)


def test_a_process_that_runs_the_program_passes_and_another_fails(tmp_path: Path) -> None:
    for name, process in (("good", GOOD), ("other", change(GOOD, executable_sha256="cd" * 32))):
        with story(tmp_path / name, RUNTIME) as each:
            each.process = process
            lines = each.start().measure(3).stop().export()
        expected = [] if name == "good" else ["conformance.runtime"]
        assert list(failing(judge(lines, references=(digest_of(SERVER),)))) == expected


def without_a_runtime(each: Story) -> None:
    each.runtime = None


def falls_back(each: Story) -> None:
    each.measure()
    each.runtime = each.runtimes[1]


FAULTS: dict[str, tuple[tuple[RuntimeReference, ...], Callable[[Story], None] | None, str]] = {
    "none was measured": ((RUNTIME,), without_a_runtime, "conformance.runtime"),
    "of another name": ((change(RUNTIME, server__name="cpython-3.11"),), None, "conformance.runtime"),
    "older than sealed": ((change(RUNTIME, validity__sequence=1),), None, "conformance.runtime"),
    "of a server": ((change(RUNTIME, program=None),), None, "conformance.runtime"),
    "of other writers": ((change(RUNTIME, writers=(SECOND_WRITER.keyid,)),), None, "conformance.runtime"),
    "expired meanwhile": (
        (change(RUNTIME, validity__not_after=instant.text(NOW - 595_000)),),
        None,
        "conformance.runtime",
    ),
    "used for too long": ((change(RUNTIME, validity__ttl_seconds=5),), None, "conformance.runtime"),
    "gone back to": ((NEWER, RUNTIME), falls_back, "conformance.runtime"),
    "not valid yet": (
        (change(RUNTIME, validity__not_before=instant.text(NOW - 585_000)),),
        None,
        "conformance.runtime",
    ),
    "no longer valid": ((change(RUNTIME, validity__not_after=instant.text(NOW - 1)),), None, "freshness.validity"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_runtime_that_does_not_fit_fails_for_its_own_reason(tmp_path: Path, name: str) -> None:
    runtimes, change_story, check = FAULTS[name]
    with story(tmp_path, *runtimes) as each:
        each.start()
        if change_story is not None:
            change_story(each)
        lines = each.measure(3).stop().export()
    assert check in failing(judge(lines, references=(digest_of(SERVER),)))


def test_a_runtime_that_no_trusted_sealer_signed_does_not_count(tmp_path: Path) -> None:
    with story(tmp_path, RUNTIME, sealers=(STRANGER,)) as each:
        lines = each.start().measure(3).stop().export()
    assert set(failing(judge(lines, references=(digest_of(SERVER),)))) >= {
        "authenticity.references",
        "conformance.runtime",
    }


def test_evidence_from_which_the_runtimes_reference_was_taken_fails(tmp_path: Path) -> None:
    with story(tmp_path, RUNTIME) as each:
        lines = each.start().measure(3).stop().export()
    runtime = digest_of(RUNTIME).encode()
    cut = [line for line in lines if not line.startswith(b'{"digest":"' + runtime)]
    assert len(cut) == len(lines) - 1
    resealed = rewrite(cut, "header", lambda value: value)
    assert "conformance.runtime" in failing(judge(resealed, references=(digest_of(SERVER),)))


def test_a_runtime_that_the_reference_does_not_name_fails(tmp_path: Path) -> None:
    assert "conformance.runtime" in failing(told(tmp_path, RUNTIME, server=REFERENCE))


def test_a_runtime_that_its_run_did_not_start_with_fails(tmp_path: Path) -> None:
    with story(tmp_path, RUNTIME) as each:
        runtimes, each.runtimes = each.runtimes, ()
        each.start()
        each.runtimes = runtimes
        lines = each.measure(3).stop().export()
    assert "completeness.runs" in failing(judge(lines, references=(digest_of(SERVER),)))


def test_the_weakest_file_of_both_is_the_weakest_file(tmp_path: Path) -> None:
    trust = trust_of(make_trust_file(minima=Minima(assurance=Origin.LISTED)))
    server = change(SERVER, assurance__least="built")
    known, weak = change(RUNTIME, assurance__least="listed"), change(RUNTIME, assurance__least="locked")
    assert "build-link.assurance" not in failing(told(tmp_path / "known", known, server=server, trust=trust))
    assert "build-link.assurance" in failing(told(tmp_path / "weak", weak, server=server, trust=trust))


def test_the_seal_rules_hold_for_the_runtime_too(tmp_path: Path) -> None:
    trust = trust_of(change(make_trust_file(), seal_rules=SealRules(require_claimed=True)))
    claimed = {"unclaimed": Unclaimed(files=0, paths=()), "assurance__least": "locked"}
    server, known = change(SERVER, **claimed), change(RUNTIME, **claimed)
    assert told(tmp_path / "known", known, server=server, trust=trust).passed
    verdict = told(tmp_path / "unclaimed", RUNTIME, server=server, trust=trust)
    assert "build-link.complete" in failing(verdict)
    [check] = [each for each in verdict.checks if each.id == "build-link.complete"]
    assert "of the runtime cpython-3.12" in check.detail
    assert check.found == "1 unclaimed: tree/zoneinfo"


def test_the_build_evidence_of_the_runtime_is_judged_again(tmp_path: Path) -> None:
    claims = change(RUNTIME, evidence=REFERENCE.evidence, artifacts=REFERENCE.artifacts)
    assert told(tmp_path / "good", claims).passed
    worthless = change(claims, evidence=tuple(change(each, slsa_level=3) for each in claims.evidence))
    assert "build-link.evidence" in failing(told(tmp_path / "claims", worthless))
    assert len(EVIDENCE) == len(claims.evidence)


def test_the_least_sequence_of_the_trust_file_holds_for_the_runtime(tmp_path: Path) -> None:
    trust = trust_of(make_trust_file(minima=Minima(reference_sequence=3)))
    server = change(SERVER, validity__sequence=3)
    assert "freshness.validity" in failing(told(tmp_path / "old", RUNTIME, server=server, trust=trust))
    assert "freshness.validity" not in failing(told(tmp_path / "new", NEWER, server=server, trust=trust))


def test_a_violation_tells_its_runtime_too(tmp_path: Path) -> None:
    with story(tmp_path, RUNTIME) as each:
        each.start().measure()
        each.act(each.violate())
        lines = each.stop().export()
    verdict = judge(lines, references=(digest_of(SERVER),))
    assert list(failing(verdict)) == ["conformance.matched"]
