"""A crash at any step from finding drift to having acted: the next start says what it found, nothing is hidden."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from attest.agent.enforcement.family import Family
from attest.agent.starting import open_agent
from attest.errors import UnavailableError
from attest.recorder import Draft, Recorded, Recorder
from attest.seal.reacting import read_hook
from attest.statement.enforcing import Action, Result
from attest.statement.predicates.runtime_event import RuntimeEvent
from tests.installed import Bench
from tests.unit.agent.enforcement.test_enforcer import drift, judged, results, running, state_of, told
from tests.unit.agent.test_run import a_server, request_for, seal_server
from tests.waiting import PATIENCE_SECONDS

STEPS = ("violation", "action-intended", "evidence", "action-taken")
"""What is recorded about drift that is answered by an action on the process, in this order."""

UNANSWERED = {("violation", "killed after"), ("action-intended", "killed before"), ("action-intended", "full disk")}
"""Crashes that leave a recorded violation without even an intent: that nothing was done shows, and fails."""


class Killed(BaseException):
    """The agent is gone: nothing catches it, as nothing catches a SIGKILL."""


def kind_of(draft: Draft) -> str:
    """Return what a draft records, in the words of `STEPS`."""
    said, _ = draft.make(None)  # type: ignore[arg-type]  # a header is put in and never looked at
    return said.event.kind if isinstance(said, RuntimeEvent) else draft.predicate_type.split("/")[-2].split("-")[-1]


def break_record(monkeypatch: pytest.MonkeyPatch, step: str, how: str) -> None:
    """Let the recorder fail at the first receipt of a kind: before it is durable, or right after."""
    record = Recorder.record

    def broken(self: Recorder, draft: Draft) -> Recorded:
        if kind_of(draft) != step:
            return record(self, draft)
        if how == "killed after":
            record(self, draft)
        if how == "full disk":
            raise UnavailableError("log", "room on the disk", "none")
        raise Killed

    monkeypatch.setattr(Recorder, "record", broken)


def break_off(bench: Bench, reference: Path, pid: int | None) -> bool:
    """Begin a run and one cycle; return whether it was cut short."""
    try:
        with running(bench, reference, pid) as (run, _):
            run._cycle()
    except (Killed, UnavailableError):
        return True
    return False


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.ISOLATE, Action.TERMINATE])
@pytest.mark.parametrize("how", ["killed before", "killed after", "full disk"])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_is_lost_the_next_start_ends_in_a_state_that_tells_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, action: Action, how: str, step: str
) -> None:
    reference = seal_server(bench, on_drift=action)
    with a_server(bench) as process:
        drift(bench)
        with monkeypatch.context() as broken:
            break_record(broken, step, how)
            caught = break_off(bench, reference, process.pid)
        # An outcome that was written, or evidence that could not be, does not end the agent.
        assert caught or (step, how) == ("evidence", "full disk")
        alive = process.poll() is None and state_of(process.pid) not in {b"T", b"Z"}
        intended = [each for each in told(bench) if each["kind"] == "action-intended"]
        assert intended or alive, "nothing is done before it was announced"
        restart(bench, reference, process.pid if process.poll() is None else None)
        assert process.poll() is not None or state_of(process.pid) == b"T"
    kinds = [each["kind"] for each in told(bench)]
    assert kinds.count("action-intended") == kinds.count("action-taken")
    lost = (step, how) in {
        ("violation", "killed after"),
        ("action-intended", "killed before"),
        ("action-intended", "full disk"),
    }
    assert judged(bench) == ({"fail"} if lost else {"pass"})


def restart(bench: Bench, reference: Path, pid: int | None = None) -> None:
    """Run the agent again for one cycle; without a process, over the tree as it should be."""
    if pid is None:
        (bench.tree / "stray.pth").unlink()
    with open_agent(request_for(bench, reference, pid=pid), lambda _: None) as run:
        run.once()


def test_a_real_sigkill_between_intent_and_outcome_is_told_and_made_good(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.TERMINATE)
    with a_server(bench) as process:
        drift(bench)
        agent = os.fork()
        if agent == 0:
            Recorder.record = _record_or_die  # type: ignore[method-assign]
            break_off(bench, reference, process.pid)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(agent, 0)[1]) == -signal.SIGKILL
        assert process.poll() is None
        restart(bench, reference, process.pid)
        assert process.wait(PATIENCE_SECONDS)
    kinds = [each["kind"] for each in told(bench) if each["kind"] != "process"]
    assert kinds == ["start", "violation", "action-intended", "resume", "evidence", "action-taken", "stop"]
    assert judged(bench) == {"pass"}


_RECORD = Recorder.record


def _record_or_die(self: Recorder, draft: Draft) -> Recorded:
    recorded = _RECORD(self, draft)
    if kind_of(draft) == "action-intended":
        os.kill(os.getpid(), signal.SIGKILL)
    return recorded


def test_an_intent_whose_process_has_ended_meanwhile_is_answered_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = seal_server(bench, on_drift=Action.TERMINATE)
    with a_server(bench) as process:
        drift(bench)
        with monkeypatch.context() as broken:
            break_record(broken, "action-intended", "killed after")
            assert break_off(bench, reference, process.pid)
        process.kill()
        process.wait()
        restart(bench, reference)
    (taken,) = [each for each in told(bench) if each["kind"] == "action-taken"]
    assert (taken["result"], taken["outcome"]) == ("ended", "found after a restart: the process had ended")
    assert judged(bench) == {"pass"}


def test_another_process_with_the_number_of_the_meant_one_is_left_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = seal_server(bench, on_drift=Action.TERMINATE)
    with a_server(bench) as process:
        drift(bench)
        with monkeypatch.context() as broken:
            break_record(broken, "action-intended", "killed after")
            assert break_off(bench, reference, process.pid)
        monkeypatch.setattr(os, "sysconf", lambda _name: 1)  # as if it had begun a hundred times later
        restart(bench, reference)
        assert process.poll() is None
    assert results(bench, Action.TERMINATE) == [Result.ENDED]


def test_a_crash_while_the_crash_is_answered_is_answered_by_the_next_start(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = seal_server(bench, on_drift=Action.SUSPEND)
    with a_server(bench) as process:
        drift(bench)
        for step, how in (("action-intended", "killed after"), *[("evidence", "killed before")] * 2):
            with monkeypatch.context() as broken:
                break_record(broken, step, how)
                assert break_off(bench, reference, process.pid)
        (bench.tree / "stray.pth").unlink()
        restart(bench, reference, process.pid)
        assert state_of(process.pid) == b"T"
    assert results(bench, Action.SUSPEND) == [Result.DONE]
    assert judged(bench) == {"pass"}


def test_a_hook_that_was_cut_short_is_not_run_again_and_counts_as_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = bench.folder / "hook"
    hook.write_text(f"#!/bin/sh\necho called >> {bench.folder}/called\n")
    hook.chmod(0o755)
    reference = seal_server(bench, hook=read_hook(str(hook)))
    drift(bench)
    with monkeypatch.context() as broken, running(bench, reference, None) as (run, _):
        break_record(broken, "action-taken", "killed before")
        run._cycle()
        run.enforcer.hooks.finish()
        with pytest.raises(Killed):
            run._hear()
    restart(bench, reference)
    assert (bench.folder / "called").read_text() == "called\n"
    assert results(bench, Action.HOOK) == [Result.FAILED]
    assert judged(bench) == {"fail"}


@pytest.mark.parametrize("call", ["freeze", "let_end", "kill", "living"])
def test_an_action_that_breaks_has_an_outcome_and_never_a_good_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    reference = seal_server(bench, on_drift=Action.TERMINATE)

    def broken(*_: object) -> bool:
        raise OSError(5, "Input/output error")

    with a_server(bench) as process:
        drift(bench)
        with monkeypatch.context() as patched:
            patched.setattr(Family, call, broken)
            restart(bench, reference, process.pid)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGCONT)
    assert results(bench, Action.TERMINATE) == [Result.FAILED]
    assert judged(bench) == {"fail"}
