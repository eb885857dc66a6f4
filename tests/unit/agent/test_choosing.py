"""Several references of one server: by which one it is measured, and what an update looks like while it goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from attest.agent.run import Run
from attest.codec.clock import system_clock
from attest.errors import RefusedError
from attest.seal.request import Rules
from attest.seal.sealed import Sealed
from attest.statement.findings import FindingKind
from attest.statement.states import State
from tests.evidence_story import failing
from tests.installed import make_bench
from tests.revoking import of_reference, single
from tests.watching import Watch, kinds, make_watch, states
from tests.world import NOW

CYCLE = 10_000
DAY = 86_400_000
OLD, NEW = b"VERSION = 1\n", b"VERSION = 2\n"


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = make_watch(make_bench(tmp_path), monkeypatch)
    (made.bench.tree / "serve.py").write_bytes(b"import time\nprint('ready', flush=True)\ntime.sleep(600)\n")
    return made


class Both:
    """Two references of one server, the second sealed after an update; the first one's files are in place again."""

    def __init__(self, watch: Watch, *, mutable: tuple[Path, ...] = (), **rules: Any) -> None:
        """Seal both; `rules` are those of the older one, `mutable` are directories that the newer one lets change."""
        self._module = watch.bench.tree / "version.py"
        self.put(OLD)
        self.first = self._seal(watch, rules=Rules(**{"not_after": NOW + DAY, **rules}))
        self.old = watch.bench.write(self.first, "old.ref")
        self.put(NEW)
        self.second = self._seal(watch, supersedes=(self.old,), mutable=mutable)
        self.new = watch.bench.write(self.second, "new.ref")
        self.put(OLD)

    def put(self, content: bytes) -> None:
        """Update the files, or go back."""
        self._module.write_bytes(content)

    @staticmethod
    def _seal(watch: Watch, **changes: Any) -> Sealed:
        command = (sys.executable, str(watch.bench.tree / "serve.py"))
        return watch.bench.seal(
            artifacts=(), evidence=(), allow_site=("*",), name="tiny-server", command=command, **changes
        )


@contextmanager
def a_server(watch: Watch) -> Iterator[int]:
    with subprocess.Popen([sys.executable, str(watch.bench.tree / "serve.py")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process.pid
        finally:
            process.kill()


def cycles(watch: Watch, run: Run, count: int) -> None:
    for _ in range(count):
        run._cycle()
        watch.hands.wait(CYCLE)


def digests(watch: Watch) -> list[str]:
    return [reported.server.opened.digest for reported in watch.seen]


def test_files_are_measured_by_the_reference_that_they_match(watch: Watch) -> None:
    both = Both(watch)
    with watch.running(both.old, both.new) as run:
        run._start()
        cycles(watch, run, 2)
        both.put(NEW)
        cycles(watch, run, 2)
        run._stop("enough")
    assert states(watch.seen) == [State.MATCH] * 4
    assert digests(watch) == [both.first.digest] * 2 + [both.second.digest] * 2
    assert watch.events() == ["start", *["measurement"] * 4, "stop"]
    for digest in (both.first.digest, both.second.digest):
        found = set(failing(watch.verdict(references=(digest,))))
        assert found.isdisjoint({"freshness.cadence", "completeness.runs", "conformance.transitions"})


def test_files_of_neither_are_judged_by_the_one_that_matched_last(watch: Watch) -> None:
    both = Both(watch)
    with watch.running(both.new, both.old) as run:
        run._start()
        cycles(watch, run, 1)
        both.put(b"VERSION = 3\n")
        cycles(watch, run, 1)
    assert states(watch.seen) == [State.MATCH, State.DRIFT]
    assert digests(watch) == [both.first.digest] * 2


def test_files_of_neither_are_judged_by_the_newest_at_first(watch: Watch) -> None:
    both = Both(watch)
    both.put(b"VERSION = 3\n")
    assert watch.once(both.old, both.new).server.opened.digest == both.second.digest


def test_a_process_that_runs_the_old_files_is_updated_and_no_match_by_the_new_reference(watch: Watch) -> None:
    both = Both(watch)
    with a_server(watch) as pid, watch.running(both.old, both.new, pid=pid) as run:
        run._start()
        cycles(watch, run, 1)
        both.put(NEW)
        cycles(watch, run, 2)
        both.put(OLD)
        cycles(watch, run, 1)
        run._stop("enough")
    assert states(watch.seen) == [State.MATCH, State.STALE, State.STALE, State.MATCH]
    assert digests(watch) == [both.first.digest] * 4
    (finding,) = watch.seen[1].cycle.findings.findings
    assert finding.kind is FindingKind.UPDATED
    assert "sequence 1 (old.ref)" in (finding.expected or "")
    assert "sequence 2 (new.ref)" in (finding.found or "")


def test_what_the_other_reference_does_not_seal_is_not_explained_by_an_update(watch: Watch) -> None:
    state = watch.bench.tree / "var/state.txt"
    state.parent.mkdir()
    state.write_bytes(b"as sealed")
    both = Both(watch, mutable=(state.parent,))
    with a_server(watch) as pid, watch.running(both.old, both.new, pid=pid) as run:
        run._start()
        cycles(watch, run, 1)
        both.put(NEW)
        cycles(watch, run, 1)
        state.write_bytes(b"evil")
        cycles(watch, run, 1)
    assert states(watch.seen) == [State.MATCH, State.STALE, State.DRIFT]
    found = {(each.kind, each.where) for each in watch.seen[-1].cycle.findings.findings}
    assert found == {(FindingKind.UPDATED, "reference"), (FindingKind.CHANGED, "tree/var/state.txt")}


def test_the_process_started_anew_matches_the_new_reference(watch: Watch) -> None:
    both = Both(watch)
    with a_server(watch) as pid:
        assert watch.once(both.old, both.new, pid=pid).server.opened.digest == both.first.digest
    both.put(NEW)
    with a_server(watch) as pid:
        reported = watch.once(both.old, both.new, pid=pid)
    assert reported.cycle.state is State.MATCH
    assert reported.server.opened.digest == both.second.digest


def test_an_agent_that_is_started_again_remembers_what_the_process_runs(watch: Watch) -> None:
    watch.hands.boot_id = system_boot_id()
    both = Both(watch)
    with a_server(watch) as pid:
        watch.once(both.old, both.new, pid=pid)
        both.put(NEW)
        assert kinds(watch.once(both.old, both.new, pid=pid)) == [FindingKind.UPDATED]


def system_boot_id() -> str:
    return system_clock().boot_id


def test_files_that_are_neither_with_a_process_are_no_update(watch: Watch) -> None:
    both = Both(watch)
    with a_server(watch) as pid, watch.running(both.old, both.new, pid=pid) as run:
        run._start()
        cycles(watch, run, 1)
        both.put(b"VERSION = 3\n")
        cycles(watch, run, 1)
    assert watch.seen[1].cycle.state is State.DRIFT
    assert FindingKind.UPDATED not in kinds(watch.seen[1])


def test_a_new_reference_of_the_same_files_takes_the_old_ones_place_under_a_process(watch: Watch) -> None:
    both = Both(watch, not_after=NOW + CYCLE)
    both.put(OLD)
    again = Both._seal(watch, supersedes=(both.old,))
    renewed = watch.bench.write(again, "renewed.ref")
    with a_server(watch) as pid, watch.running(both.old, renewed, pid=pid) as run:
        run._start()
        cycles(watch, run, 3)
    assert states(watch.seen) == [State.MATCH] * 3
    assert set(digests(watch)) == {again.digest}


# --- anti-rollback ----------------------------------------------------------------------------------------------------


def test_an_older_reference_is_refused_once_its_overlap_is_over(watch: Watch) -> None:
    both = Both(watch, not_after=NOW + CYCLE)
    assert watch.once(both.old, both.new).cycle.state is State.MATCH
    watch.hands.wait(CYCLE + 1)
    with pytest.raises(RefusedError, match="sequence 2 or higher of tiny-server"), watch.running(both.old, both.new):
        pass
    with pytest.raises(RefusedError, match="sequence 2 or higher"), watch.running(both.old):
        pass


def test_an_older_reference_without_an_end_is_refused_after_a_newer_one_ran(watch: Watch) -> None:
    both = Both(watch, not_after=None)
    assert watch.once(both.old).cycle.state is State.MATCH
    both.put(NEW)
    assert watch.once(both.new).cycle.state is State.MATCH
    both.put(OLD)
    before = watch.events()
    with pytest.raises(RefusedError, match="found 1"), watch.running(both.old):
        pass
    assert watch.events() == before
    # Another log knows nothing of the newer one: it is the log that remembers.
    assert watch.once(both.old, log=watch.bench.folder / "other").cycle.state is State.MATCH


def test_a_revocation_that_is_yet_to_take_effect_makes_an_overlap(watch: Watch) -> None:
    both = Both(watch, not_after=None)
    file = watch.bench.folder / "old.revoked"
    file.write_bytes(single(of_reference(both.first.digest, since=NOW + CYCLE)))
    with pytest.raises(RefusedError), watch.running(both.old, both.new):
        pass
    with watch.running(both.old, both.new, revocations=(file,)) as run:
        run._start()
        cycles(watch, run, 2)
    assert [(found.cycle.state, kinds(found)) for found in watch.seen] == [
        (State.MATCH, []),
        (State.DRIFT, [FindingKind.REVOKED]),
    ]


# --- the morning after ------------------------------------------------------------------------------------------------


def test_a_drift_names_the_reference_beside_that_the_files_are_as_and_stays_a_drift(watch: Watch) -> None:
    both = Both(watch)
    with watch.running(both.old) as run:
        run._start()
        cycles(watch, run, 1)
        both.put(NEW)
        cycles(watch, run, 2)
    assert states(watch.seen) == [State.MATCH, State.DRIFT, State.DRIFT]
    (line,) = watch.told
    assert f"as {both.new} seals them" in line


def test_a_drift_to_nothing_that_anybody_sealed_names_none(watch: Watch) -> None:
    both = Both(watch)
    (watch.bench.folder / "odd.ref").write_bytes(b"{}")
    both.put(b"VERSION = 3\n")
    with watch.running(both.old) as run:
        run._start()
        cycles(watch, run, 1)
    assert watch.seen[0].cycle.state is State.DRIFT
    assert watch.told == []


def test_a_reference_beside_that_no_trusted_sealer_signed_is_not_named(watch: Watch) -> None:
    both = Both(watch)
    octets = both.new.read_bytes()
    both.new.write_bytes(octets.replace(b'"sig":"', b'"sig":"AAAA', 1))
    both.put(NEW)
    with watch.running(both.old) as run:
        run._start()
        cycles(watch, run, 1)
    assert watch.told == []
