"""What surrounds a run: revocations, time to live, clocks and changes of state; in no test does time pass by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest.agent import choosing
from attest.agent.cycle import Cycle, measure_once
from attest.agent.run import Run
from attest.errors import MalformedError, RefusedError, UntrustedError
from attest.seal.request import Rules
from attest.statement.enforcing import Action
from attest.statement.findings import FindingKind
from attest.statement.states import State
from attest.trust.document import Minima
from tests.evidence_story import failing
from tests.installed import Bench, make_bench
from tests.revoking import listed, of_key, of_reference, single
from tests.watching import Watch, kinds, make_watch, states
from tests.world import NOW, SEALER, WRITER

CYCLE = 10_000
HOUR = 3_600_000


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return make_watch(make_bench(tmp_path), monkeypatch)


def cycles(watch: Watch, run: Run, count: int, *, after: int = CYCLE) -> None:
    for _ in range(count):
        run._cycle()
        watch.hands.wait(after)


def revoke(bench: Bench, *lines: bytes, name: str = "revocations.jsonl") -> Path:
    path = bench.folder / name
    path.write_bytes(b"".join(lines))
    return path


# --- revocations ------------------------------------------------------------------------------------------------------


def test_a_revoked_reference_is_drift_from_its_time_on_with_the_sealed_action(watch: Watch) -> None:
    sealed = watch.bench.seal(rules=Rules(on_drift=Action.SAFE_STATE))
    reference = watch.bench.write(sealed)
    file = revoke(watch.bench, single(of_reference(sealed.digest, since=NOW + CYCLE)))
    with watch.running(reference, revocations=(file,)) as run:
        run._start()
        cycles(watch, run, 2)
        run._stop("enough")
    assert states(watch.seen) == [State.MATCH, State.DRIFT]
    assert kinds(watch.seen[-1]) == [FindingKind.REVOKED]
    assert "found changed" in (watch.seen[-1].cycle.findings.findings[0].found or "")
    told = watch.events()
    assert told[1:5] == ["measurement", "violation", "match -> drift", "safe-state"]
    assert told[5:] == ["action-intended", "safe-state", "action-taken", "stop"]
    assert "authenticity.revocation" not in set(failing(watch.verdict(references=(sealed.digest,))))


def test_a_revoked_sealer_takes_its_references_along(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    file = revoke(watch.bench, single(of_key(SEALER, since=NOW)))
    assert kinds(watch.once(reference, revocations=(file,))) == [FindingKind.REVOKED]


def test_a_file_that_changes_is_read_again_and_what_it_said_stays(watch: Watch) -> None:
    sealed = watch.bench.seal()
    reference = watch.bench.write(sealed)
    file = revoke(watch.bench, listed())
    with watch.running(reference, revocations=(file,)) as run:
        run._start()
        cycles(watch, run, 1)
        revoke(watch.bench, listed(of_reference(sealed.digest, since=NOW)))
        cycles(watch, run, 1)
        revoke(watch.bench, listed())
        cycles(watch, run, 1)
    assert states(watch.seen) == [State.MATCH, State.DRIFT, State.DRIFT]


@pytest.mark.parametrize("octets", [b"", b"{}\n", single(of_reference(), key=WRITER)], ids=["empty", "odd", "writer's"])
def test_a_file_that_cannot_be_believed_any_more_is_never_a_match(octets: bytes, watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    file = revoke(watch.bench, listed())
    with watch.running(reference, revocations=(file,)) as run:
        run._start()
        cycles(watch, run, 1)
        file.write_bytes(octets)
        cycles(watch, run, 1)
        file.unlink()
        cycles(watch, run, 1)
        revoke(watch.bench, listed())
        cycles(watch, run, 1)
    assert states(watch.seen) == [State.MATCH, State.UNKNOWN, State.UNKNOWN, State.MATCH]
    assert kinds(watch.seen[1]) == kinds(watch.seen[2]) == [FindingKind.REVOCATIONS_STALE]


@pytest.mark.parametrize(
    ("octets", "error"), [(b"{}\n", MalformedError), (single(of_reference(), key=WRITER), UntrustedError)]
)
def test_nothing_begins_with_a_file_that_is_not_right(octets: bytes, error: type[Exception], watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    with pytest.raises(error), watch.running(reference, revocations=(revoke(watch.bench, octets),)):
        pass
    assert not watch.log.exists()


def test_what_is_known_may_be_no_older_than_the_trust_file_says(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    watch.trust(Minima(revocation_age_seconds=3600))
    assert kinds(watch.once(reference)) == [FindingKind.REVOCATIONS_STALE]
    file = revoke(watch.bench, listed(at=NOW))
    with watch.running(reference, revocations=(file,)) as run:
        run._start()
        cycles(watch, run, 1, after=HOUR)
        cycles(watch, run, 1, after=1)
        cycles(watch, run, 1)
        revoke(watch.bench, listed(at=NOW + HOUR))
        cycles(watch, run, 1)
    assert states(watch.seen[1:]) == [State.MATCH, State.MATCH, State.UNKNOWN, State.MATCH]


def test_a_writer_whose_key_is_void_does_not_begin_and_does_not_go_on(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = watch.bench.write(watch.bench.seal())
    file = revoke(watch.bench, single(of_key(WRITER, since=NOW + CYCLE)))
    with watch.running(reference, revocations=(file,)) as run:
        monkeypatch.setattr(run, "_wait", lambda _seconds: watch.hands.wait(CYCLE))
        assert run.until_stopped() is False
    assert watch.events() == ["start", "measurement", "stop"]
    with pytest.raises(UntrustedError, match="revoked"), watch.running(reference, revocations=(file,)):
        pass


# --- time to live -----------------------------------------------------------------------------------------------------


def test_a_time_to_live_that_is_over_is_the_safe_state_and_stays_so(watch: Watch) -> None:
    sealed = watch.bench.seal(rules=Rules(ttl=15))
    reference = watch.bench.write(sealed)
    with watch.running(reference) as run:
        run._start()
        cycles(watch, run, 4)
        run._stop("enough")
    assert states(watch.seen) == [State.MATCH, State.MATCH, State.STALE, State.STALE]
    assert kinds(watch.seen[-1]) == [FindingKind.EXPIRED]
    assert watch.events() == [
        *("start", "measurement", "measurement", "violation", "match -> stale", "safe-state", "violation", "stop")
    ]


def test_a_restart_renews_nothing_and_verify_says_the_same(watch: Watch) -> None:
    sealed = watch.bench.seal(rules=Rules(ttl=60))
    reference = watch.bench.write(sealed)
    watch.once(reference)
    watch.hands.wait(59_999)
    assert watch.once(reference).cycle.state is State.MATCH
    watch.hands.wait(1)
    assert watch.once(reference).cycle.state is State.MATCH
    assert (
        list(failing(watch.verdict(references=(sealed.digest,)))) == ["build-link.level"]
        or watch.verdict(references=(sealed.digest,)).axes.freshness == "pass"
    )
    watch.hands.wait(1)
    assert kinds(watch.once(reference)) == [FindingKind.EXPIRED]
    with watch.running(reference) as run:
        run._start()
    watch.hands.wait(1)
    assert kinds(watch.once(reference)) == [FindingKind.EXPIRED]
    assert "freshness.validity" in set(failing(watch.verdict(references=(sealed.digest,))))


def test_a_new_reference_by_the_sealer_begins_anew(watch: Watch) -> None:
    first = watch.bench.write(watch.bench.seal(rules=Rules(ttl=60)))
    watch.once(first)
    watch.hands.wait(61_000)
    assert watch.once(first).cycle.state is State.STALE
    again = watch.bench.seal(rules=Rules(ttl=60), at=watch.hands.real)
    assert watch.once(watch.bench.write(again, "again.ref")).cycle.state is State.MATCH


# --- clocks -----------------------------------------------------------------------------------------------------------


def test_a_clock_that_goes_on_is_no_event_not_even_after_a_sleep(watch: Watch) -> None:
    sealed = watch.bench.seal()
    reference = watch.bench.write(sealed)
    with watch.running(reference) as run:
        run._start()
        cycles(watch, run, 2)
        watch.hands.wait(HOUR)
        cycles(watch, run, 1)
        run._stop("enough")
    assert watch.events() == ["start", *["measurement"] * 3, "stop"]
    # The machine slept, and nobody measured: that shows, whatever the reason.
    assert "freshness.cadence" in set(failing(watch.verdict(references=(sealed.digest,))))


def test_a_leap_second_is_no_step(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    with watch.running(reference) as run:
        run._start()
        cycles(watch, run, 1)
        watch.hands.real -= 1000
        cycles(watch, run, 1)
    assert watch.events() == ["start", "measurement", "measurement"]


def test_a_step_forward_is_told_and_is_no_finding(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    with watch.running(reference) as run:
        run._start()
        cycles(watch, run, 1)
        watch.hands.real += 5000
        cycles(watch, run, 2)
    assert watch.events() == ["start", "measurement", "clock-step 5000", "measurement", "measurement"]


def test_small_steps_add_up(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    with watch.running(reference) as run:
        run._start()
        for _ in range(3):
            cycles(watch, run, 1)
            watch.hands.real -= 600
    assert "clock-step -1200" in watch.events()


def test_a_clock_that_was_set_back_is_unknown_for_one_cycle(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    with watch.running(reference) as run:
        run._start()
        cycles(watch, run, 1)
        watch.hands.real -= 5000
        cycles(watch, run, 2)
    assert states(watch.seen) == [State.MATCH, State.UNKNOWN, State.MATCH]
    assert kinds(watch.seen[1]) == [FindingKind.CLOCK]
    assert "clock-step -5000" in watch.events()


def test_a_clock_behind_the_log_holds_everything_and_says_so(watch: Watch) -> None:
    sealed = watch.bench.seal()
    reference = watch.bench.write(sealed)
    with watch.running(reference) as run:
        run._start()
        cycles(watch, run, 1)
        watch.hands.real -= 35_000
        cycles(watch, run, 4)
        run._stop("enough")
    assert watch.told == [
        "the clock was set back: nothing is recorded before 2026-11-22T12:00:00.000Z; deny every call"
    ]
    assert watch.events()[:4] == ["start", "measurement", "clock-step -35000", "violation"]
    assert "freshness.cadence" in set(failing(watch.verdict(references=(sealed.digest,))))


def test_a_clock_set_back_in_the_midst_of_a_cycle_ends_no_run(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = watch.bench.write(watch.bench.seal())

    def setting_back(*given: Any) -> Cycle:
        cycle = measure_once(*given)
        watch.hands.real -= 60_000
        return cycle

    with watch.running(reference) as run:
        run._start()
        with monkeypatch.context() as patch:
            patch.setattr(choosing, "measure_once", setting_back)
            assert run._cycle()
        watch.hands.wait(HOUR)
        assert run._cycle()
    assert len(watch.told) == 1
    assert watch.events() == ["start", "clock-step -60000", "violation"]


def test_a_stop_that_cannot_be_recorded_leaves_a_log_that_goes_on(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    with watch.running(reference) as run:
        run._start()
        cycles(watch, run, 1)
        watch.hands.real -= HOUR
        run.stop.set()
        with pytest.raises(RefusedError, match="clock"):
            run._stop("asked to")
    with watch.running(reference) as run, pytest.raises(RefusedError, match="clock"):
        run._start()
    watch.hands.real += 2 * HOUR
    watch.once(reference)
    assert watch.events() == ["start", "measurement", "resume", "clock-step 3600000", "measurement", "stop"]


def test_a_step_between_two_starts_is_found_in_the_log_unless_the_machine_was_booted(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    watch.once(reference)
    watch.hands.real += 60_000
    watch.once(reference)
    assert watch.events()[3:] == ["start", "clock-step 60000", "measurement", "stop"]
    watch.hands.boot_id, watch.hands.boot = "99999999-2222-3333-4444-555555555555", 1000
    watch.hands.real += 60_000
    watch.once(reference)
    assert watch.events()[7:] == ["start", "measurement", "stop"]


# --- transitions ------------------------------------------------------------------------------------------------------


def test_every_change_of_state_is_told_at_once_and_verify_agrees(watch: Watch) -> None:
    sealed = watch.bench.seal()
    reference = watch.bench.write(sealed)
    stray = watch.bench.tree / "stray.pth"
    with watch.running(reference) as run:
        run._start()
        cycles(watch, run, 2)
        stray.write_bytes(b"")
        cycles(watch, run, 2)
        stray.unlink()
        cycles(watch, run, 2)
        run._stop("enough")
    assert watch.events() == [
        *("start", "measurement", "measurement", "violation", "match -> drift", "violation"),
        *("measurement", "drift -> match", "measurement", "stop"),
    ]
    found = set(failing(watch.verdict(references=(sealed.digest,))))
    assert found.isdisjoint({"conformance.transitions", "completeness.runs"})
    assert "conformance.matched" in found
