"""`--pid auto`: the one process that runs the sealed command is found; two, or none, are refused and named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.errors import RefusedError
from attest.measure.glancing import glance_at_all
from attest.seal.request import Rules
from attest.statement.levels import Binding
from attest.statement.states import State
from tests.installed import make_bench
from tests.watching import Watch, make_watch

SERVE = "import os, sys, time\nif os.environ.get('FORK'):\n    os.fork()\nprint('ready', flush=True)\ntime.sleep(600)\n"


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = make_watch(make_bench(tmp_path), monkeypatch)
    (watch.bench.tree / "serve.py").write_text(SERVE)
    return watch


def command(watch: Watch, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(watch.bench.tree / "serve.py"), *arguments)


def seal(watch: Watch, name: str = "tiny-server", *arguments: str) -> Path:
    sealed = watch.bench.seal(
        command=command(watch, *arguments), artifacts=(), evidence=(), allow_site=("*",), name=name, rules=Rules()
    )
    return watch.bench.write(sealed, f"{name}.ref")


@contextmanager
def running(watch: Watch, *arguments: str, lines: int = 1, **variables: str) -> Iterator[int]:
    """A server; yields its pid once it has said `ready` so many times."""
    with subprocess.Popen(command(watch, *arguments), stdout=subprocess.PIPE, env=variables) as process:
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline() == b"ready\n"
        forked = [seen.pid for seen, parent in glance_at_all() if parent == process.pid]
        try:
            yield process.pid
        finally:
            for each in forked:
                subprocess.run(["kill", "-KILL", f"{each}"], check=True)
            process.kill()


def test_the_process_of_the_sealed_command_is_found_and_measured(watch):
    reference = seal(watch)
    with running(watch, "--other"), running(watch) as pid:
        reported = watch.once(reference, pid="auto")
    assert reported.cycle.state is State.MATCH
    process = reported.cycle.measured.coverage.process
    assert process is not None
    assert process.pid == pid
    assert watch.payloads()[0]["predicate"]["receipt"]["binding"] == Binding.ADOPTED


def test_each_of_several_servers_has_its_own_found(watch):
    references = [seal(watch, "one", "--one"), seal(watch, "two", "--two")]
    with running(watch, "--two") as two, running(watch, "--one") as one:
        watch.once(*references, pid="auto")
        watch.once(*references, pids={"one": "auto", "two": two})
    measured = [each.cycle.measured.coverage.process for each in watch.seen]
    assert [each.pid for each in measured if each is not None] == [one, two] * 2


def test_two_candidates_are_named_and_none_is_chosen(watch):
    reference = seal(watch)
    with running(watch) as first, running(watch) as second, pytest.raises(RefusedError) as raised:
        watch.once(reference, pid="auto")
    low, high = sorted((first, second))
    assert f"found 2: {low} (user " in str(raised.value)
    assert f", {high} (user " in str(raised.value)
    assert not watch.log.exists()


def test_without_a_candidate_nothing_is_measured_in_its_place(watch):
    reference = seal(watch)
    with running(watch, "--other"), pytest.raises(RefusedError, match="found none"):
        watch.once(reference, pid="auto")


def test_what_a_server_forked_of_itself_is_no_second_candidate(watch):
    reference = seal(watch)
    with running(watch, lines=2, FORK="1") as pid:
        reported = watch.once(reference, pid="auto")
    process = reported.cycle.measured.coverage.process
    assert process is not None
    assert process.pid == pid


def test_a_reference_without_a_command_tells_no_process(watch):
    reference = watch.bench.write(watch.bench.seal(allow_site=("serve.py",)))
    with pytest.raises(RefusedError, match="a REF that seals the command"):
        watch.once(reference, pid="auto")
