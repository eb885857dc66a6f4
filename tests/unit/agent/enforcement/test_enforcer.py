"""A run that meets drift, with real processes: what is done, what is recorded of it, and when nothing more is done."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from attest.agent.enforcement.enforcer import HOOK_RAN
from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.agent.starting import open_agent
from attest.evidence.bundle import LogSource, write_bundle
from attest.evidence.grammar import Tier
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.question import Question
from attest.seal.reacting import read_breaker, read_hook
from attest.statement.enforcing import Action, Result
from attest.tlog.documents import FOLDER, Documents
from attest.tlog.stores import SQLITE
from attest.trust.trust import load_trust
from tests import families
from tests.installed import Bench
from tests.unit.agent.test_run import a_server, once, receipts, request_for, seal_server


@contextmanager
def running(bench: Bench, reference: Path, pid: int | None) -> Iterator[tuple[Run, list[Reported]]]:
    """A run that has begun and may be cut short."""
    seen: list[Reported] = []
    with open_agent(request_for(bench, reference, pid=pid), seen.append) as run:
        run._start()
        yield run, seen


def drift(bench: Bench) -> None:
    (bench.tree / "stray.pth").write_bytes(b"import os\n")


def told(bench: Bench) -> list[dict[str, Any]]:
    """The events of the log, violations among them."""
    found = []
    for item in receipts(bench):
        if "runtime-event" in item["predicateType"]:
            found.append(item["predicate"]["event"])
        elif "violation" in item["predicateType"]:
            found.append({"kind": "violation"})
    return found


def results(bench: Bench, action: Action) -> list[str]:
    taken = [each for each in told(bench) if each["kind"] == "action-taken" and each["action"] == action]
    return [each["result"] for each in taken]


def judged(bench: Bench) -> set[str]:
    """What `attest verify` says of the actions in the log."""
    reader = SQLITE.open_reader(bench.folder / "log")
    try:
        source = LogSource(reader=reader, documents=Documents(bench.folder / "log"))
        lines = list(write_bundle([source], tier=Tier.RECEIPTS, since=None))
    finally:
        reader.close()
    named = {item["predicate"]["receipt"].get("reference") for item in receipts(bench)}
    (digest,) = named - {None}
    question = Question(
        trust=load_trust(bench.folder / "trust.json"), at=time.time_ns() // 1_000_000, references=(digest,)
    )
    checks = verify_file(lines, question, file="e.jsonl").checks
    return {check.status for check in checks if check.id == "conformance.actions"}


def state_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]


def test_a_suspended_server_is_not_suspended_again_at_the_next_drift(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.SUSPEND)
    with a_server(bench) as process, running(bench, reference, process.pid) as (run, _):
        drift(bench)
        run._cycle()
        assert state_of(process.pid) == b"T"
        run._cycle()
        run._stop("enough")
    assert results(bench, Action.SUSPEND) == [Result.DONE, Result.ALREADY]
    assert judged(bench) == {"pass"}


def test_the_breaker_opens_and_only_the_safe_state_is_left(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.SUSPEND, breaker=read_breaker("2/600"))
    with a_server(bench) as process, running(bench, reference, process.pid) as (run, seen):
        drift(bench)
        for _ in range(4):
            run._cycle()
            os.kill(process.pid, signal.SIGCONT)
        run._stop("enough")
        assert "breaker" in (seen[-1].outcome or "")
        assert state_of(process.pid) != b"T"
    assert results(bench, Action.SUSPEND) == [Result.DONE, Result.DONE]
    kinds = [each["kind"] for each in told(bench)]
    assert kinds.count("safe-state") == 2
    assert kinds[-3:] == ["violation", "safe-state", "stop"]
    assert judged(bench) == {"pass"}


def test_a_breaker_stays_open_over_a_restart_and_counts_what_was_done_before_it(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.SUSPEND, breaker=read_breaker("2/600"))
    with a_server(bench) as process:
        drift(bench)
        for _ in range(4):
            once(bench, reference, pid=process.pid)
            os.kill(process.pid, signal.SIGCONT)
    assert results(bench, Action.SUSPEND) == [Result.DONE, Result.DONE]
    assert [each["kind"] for each in told(bench)].count("safe-state") == 2
    assert judged(bench) == {"pass"}


def test_the_safe_state_is_declared_once_and_the_process_left_alone(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.SAFE_STATE)
    with a_server(bench) as process:
        drift(bench)
        for _ in range(2):
            once(bench, reference, pid=process.pid)
        assert state_of(process.pid) == b"S"
    assert results(bench, Action.SAFE_STATE) == [Result.DONE, Result.ALREADY]
    assert [each["kind"] for each in told(bench)].count("safe-state") == 1
    assert judged(bench) == {"pass"}


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.ISOLATE, Action.TERMINATE, Action.SAFE_STATE])
def test_audit_only_does_nothing_and_says_so_in_every_outcome(bench: Bench, action: Action) -> None:
    hook = bench.folder / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {bench.folder}/called\n")
    hook.chmod(0o755)
    reference = seal_server(bench, on_drift=action, audit_only=True, hook=read_hook(str(hook)))
    with a_server(bench) as process, running(bench, reference, process.pid) as (run, _):
        drift(bench)
        for _ in range(5):
            run._cycle()
        run._stop("enough")
        assert state_of(process.pid) == b"S"
    taken = [each for each in told(bench) if each["kind"] == "action-taken"]
    assert {(each["result"], each["outcome"]) for each in taken} == {("audit-only", "audit-only: nothing was done")}
    assert len(taken) == 10
    assert not (bench.folder / "called").exists()
    assert "safe-state" not in [each["kind"] for each in told(bench)]
    assert judged(bench) == {"pass"}


def test_the_hook_runs_once_a_drift_with_receipts_of_its_own(bench: Bench) -> None:
    hook = bench.folder / "hook"
    hook.write_text(f"#!/bin/sh\necho called >> {bench.folder}/called\n")
    hook.chmod(0o755)
    reference = seal_server(bench, hook=read_hook(str(hook)))
    with running(bench, reference, None) as (run, _):
        for change in (drift, lambda _: None, lambda _: (bench.tree / "stray.pth").unlink(), drift):
            change(bench)
            run._cycle()
        run._stop("enough")
    assert (bench.folder / "called").read_text() == "called\n" * 2
    assert results(bench, Action.HOOK) == [Result.DONE, Result.ALREADY, Result.DONE]
    assert judged(bench) == {"pass"}


def test_a_slow_hook_delays_no_cycle_and_its_outcome_comes_before_what_follows_from_it(bench: Bench) -> None:
    go_on = bench.folder / "go-on"
    hook = bench.folder / "hook"
    hook.write_text(f"#!/bin/sh\nwhile [ ! -e {go_on} ]; do sleep 0.01; done\n")
    hook.chmod(0o755)
    reference = seal_server(bench, hook=read_hook(str(hook)))
    drift(bench)
    with running(bench, reference, None) as (run, seen):
        for _ in range(3):
            run._cycle()
        assert results(bench, Action.HOOK) == []
        assert [reported.outcome for reported in seen] == ["hook: begun", *[f"hook: {HOOK_RAN.outcome}"] * 2]
        go_on.write_bytes(b"")
        run._stop("enough")
    assert results(bench, Action.HOOK) == [Result.DONE, Result.ALREADY, Result.ALREADY]
    assert [each["kind"] for each in told(bench)][-4:] == [*["action-taken"] * 3, "stop"]
    assert judged(bench) == {"pass"}


def test_evidence_is_kept_privately_without_values_and_named_in_the_log(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.TERMINATE)
    with a_server(bench) as process:
        drift(bench)
        once(bench, reference, pid=process.pid)
    (evidence,) = [each for each in told(bench) if each["kind"] == "evidence"]
    names = [piece["name"] for piece in evidence["captured"]]
    root = f"process {process.pid}"
    wanted = [f"{root}: maps", f"{root}: status", f"{root}: environment-names", f"{root}: descriptors"]
    assert names == [*wanted, "tree/stray.pth"]
    kept = {}
    for piece in evidence["captured"]:
        path = bench.folder / "log" / FOLDER / f"captured-{piece['sha256']}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        kept[piece["name"]] = path.read_bytes()
        assert len(kept[piece["name"]]) == piece["bytes"]
    assert kept["tree/stray.pth"] == b"import os\n"
    assert b"PATH\n" in kept[f"{root}: environment-names"]
    assert os.fsencode(os.environ["PATH"]) not in kept[f"{root}: environment-names"]
    assert b"libc" in kept[f"{root}: maps"]


@families.needs_ptrace
def test_an_isolated_server_is_frozen_and_what_was_not_cut_is_said(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.ISOLATE)
    with a_server(bench) as process:
        drift(bench)
        reported = once(bench, reference, pid=process.pid)
        assert state_of(process.pid) == b"T"
    assert "not cut: 1 x pipe (stdout)" in (reported.outcome or "")
    assert results(bench, Action.ISOLATE) == [Result.DONE]


def test_a_server_that_is_not_started_since_it_drifted_has_no_action_open(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.TERMINATE)
    drift(bench)
    with running(bench, reference, None) as (run, _):
        assert not run._may_start()
        run._stop("the server was not started")
    assert results(bench, Action.TERMINATE) == [Result.ENDED]
    assert judged(bench) == {"pass"}
