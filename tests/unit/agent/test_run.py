"""A run of the agent: honest servers never alarm, changed ones always do, and what is reported is on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.agent.starting import AgentRequest, open_agent
from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError, UntrustedError
from attest.measure.fine_times import proven_fine
from attest.seal.request import Rules
from attest.signing.dsse import read_envelope
from attest.statement.enforcing import Action
from attest.statement.findings import FindingKind
from attest.statement.levels import Binding
from attest.statement.states import State
from attest.tlog.check import check_structure
from attest.tlog.stores import SQLITE
from attest.trust.making import write_trust
from tests.installed import Bench, install, make_bench
from tests.processes import make_library, needs_compiler
from tests.restored import Restored
from tests.waiting import PATIENCE_SECONDS
from tests.world import SEALER, STRANGER, WRITER, make_trust_file, write_key_pair


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Restored]:
    folder = tmp_path_factory.mktemp("run")
    bench = make_bench(folder)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file()))
    write_key_pair(folder, "writer", WRITER)
    bench.write(bench.seal())
    return bench, Restored(folder)


@pytest.fixture
def bench(made: tuple[Bench, Restored]) -> Bench:
    """An installation, as it was before the other tests."""
    bench, restored = made
    restored.again()
    return bench


@pytest.fixture
def reference(bench: Bench) -> Path:
    """What was sealed of it."""
    return bench.folder / "server.ref"


def request_for(bench: Bench, reference: Path, **changes: object) -> AgentRequest:
    given: dict[str, object] = {
        "references": (reference,),
        "trust": bench.folder / "trust.json",
        "key": bench.folder / "writer.key",
        "log": bench.folder / "log",
        "places": {},
    }
    return AgentRequest(**{**given, **changes})  # type: ignore[arg-type]


@contextmanager
def running(bench: Bench, reference: Path, **changes: object) -> Iterator[tuple[Run, list[Reported]]]:
    seen: list[Reported] = []
    with open_agent(request_for(bench, reference, **changes), seen.append) as run:
        yield run, seen


def once(bench: Bench, reference: Path, **changes: object) -> Reported:
    with running(bench, reference, **changes) as (run, seen):
        run.once()
    return seen[-1]


def receipts(bench: Bench) -> list[dict[str, Any]]:
    reader = SQLITE.open_reader(bench.folder / "log")
    assert check_structure(reader) == ()
    payloads = []
    for row in reader.rows(0, reader.size):
        envelope = read_envelope(row.receipt, where="receipt")
        payloads.append(msgspec.json.decode(envelope.payload))
    return payloads


def events(bench: Bench) -> list[str]:
    told = []
    for statement in receipts(bench):
        predicate = statement["predicate"]
        name = statement["predicateType"].rsplit("/", 2)[-2]
        told.append(predicate["event"]["kind"] if name == "runtime-event" else name)
    return told


def test_an_honest_tree_matches_and_leaves_start_measurement_stop(bench: Bench) -> None:
    reported = once(bench, bench.folder / "server.ref")
    assert reported.cycle.state is State.MATCH
    assert reported.cycle.measured.coverage.rehashed == sum(path.is_file() for path in bench.tree.rglob("*"))
    assert events(bench) == ["start", "runtime-measurement", "stop"]


def test_the_same_reference_matches_an_installation_elsewhere(bench: Bench, reference: Path) -> None:
    elsewhere = install(bench.wheel, bench.folder / "elsewhere")
    assert once(bench, reference, places={"tree": elsewhere}).cycle.state is State.MATCH


def test_byte_code_written_by_a_first_start_is_no_finding(bench: Bench, reference: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    program = f"import sys; sys.path.insert(0, {str(bench.tree)!r}); import tiny_server.tools"
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert list(bench.tree.rglob("*.pyc"))
    reported = once(bench, reference)
    assert reported.cycle.findings.findings == ()
    assert reported.cycle.measured.coverage.derived >= 2


def test_one_changed_byte_of_byte_code_is_drift_and_named_with_both_digests(bench: Bench, reference: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(bench.tree)!r}); import tiny_server.tools"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    (compiled,) = bench.tree.rglob("tools*.pyc")
    octets = bytearray(compiled.read_bytes())
    octets[octets.index(b"echo")] ^= 0x01
    compiled.write_bytes(octets)
    reported = once(bench, reference)
    (finding,) = reported.cycle.findings.findings
    assert reported.cycle.state is State.DRIFT
    assert finding.kind is FindingKind.UNDERIVED
    assert finding.where.endswith(compiled.name)
    assert "sha256:" in (finding.expected or "")
    assert "sha256:" in (finding.found or "")


CHANGES = {
    FindingKind.CHANGED: lambda tree: (tree / "tiny_server/tools.py").write_bytes(b"TOOLS = ('evil',)\n"),
    FindingKind.MISSING: lambda tree: (tree / "tiny_server/tools.py").unlink(),
    FindingKind.EXTRA: lambda tree: (tree / "stray.pth").write_bytes(b"import os\n"),
    FindingKind.EXECUTABLE: lambda tree: (tree / "tiny_server/tools.py").chmod(0o755),
    FindingKind.SPECIAL_MODE: lambda tree: (tree / "tiny_server/tools.py").chmod(0o4644),
    FindingKind.NAME: lambda tree: (tree / "back\\slash").write_bytes(b""),
    FindingKind.UNDERIVED: lambda tree: (tree / "tiny_server-1.0.dist-info/RECORD").write_bytes(b"x,,\n"),
}


@pytest.mark.parametrize("kind", CHANGES, ids=str)
def test_a_change_is_found_within_one_cycle_and_recorded(bench: Bench, reference: Path, kind: FindingKind) -> None:
    CHANGES[kind](bench.tree)
    reported = once(bench, reference)
    assert reported.cycle.state is State.DRIFT
    assert [finding.kind for finding in reported.cycle.findings.findings] == [kind]
    assert events(bench) == ["start", "runtime-violation", "stop"]


def test_a_file_replaced_by_a_link_to_the_same_content_is_a_finding(bench: Bench, reference: Path) -> None:
    path = bench.tree / "tiny_server/tools.py"
    path.rename(bench.folder / "moved.py")
    path.symlink_to(bench.folder / "moved.py")
    reported = once(bench, reference)
    assert [finding.kind for finding in reported.cycle.findings.findings] == [FindingKind.TYPE]


def test_a_violation_names_no_good_digest_as_its_subject(bench: Bench) -> None:
    sealed = bench.seal()
    reference = bench.write(sealed)
    (bench.tree / "stray.pth").write_bytes(b"")
    once(bench, reference)
    violation = next(item for item in receipts(bench) if "violation" in item["predicateType"])
    assert str(sealed.reference.manifest.digest.sha256) not in str(violation["subject"])
    assert [subject["name"] for subject in violation["subject"]] == ["findings"]


def test_an_expired_reference_is_stale_and_never_a_match(bench: Bench) -> None:
    reference = bench.write(bench.seal(at=1_000_000, rules=Rules(not_after=2_000_000)))
    assert once(bench, reference).cycle.state is State.STALE


def test_a_run_goes_on_after_a_crash_as_resume_in_the_same_session(bench: Bench, reference: Path) -> None:
    with running(bench, reference) as (run, _):
        run._start()  # and then nothing more: as after a kill
    once(bench, reference)
    assert events(bench) == ["start", "resume", "runtime-measurement", "stop"]
    sessions = {item["predicate"]["receipt"]["sessionId"] for item in receipts(bench)}
    assert len(sessions) == 1


def test_an_honest_server_never_alarms_over_a_thousand_cycles(bench: Bench, reference: Path) -> None:
    with running(bench, reference) as (run, seen):
        run._start()
        for _ in range(1000):
            run._cycle()
        run._stop("enough")
    assert len(seen) == 1000
    assert run.matched
    assert {reported.cycle.state for reported in seen} == {State.MATCH}


@pytest.mark.parametrize("kind", CHANGES, ids=str)
def test_with_a_stat_cache_nothing_is_read_twice_and_every_change_is_found(bench: Bench, kind: FindingKind) -> None:
    reference = bench.write(bench.seal(rules=Rules(cycle=1, scrub=600)))
    time.sleep(0.03)  # What changed within two ticks of the clock is not remembered.
    with running(bench, reference) as (run, seen):
        run._start()
        run._cycle()
        run._cycle()
        CHANGES[kind](bench.tree)
        run._cycle()
        run._stop("enough")
    first, second, third = (reported.cycle for reported in seen)
    assert (first.state, second.state, third.state) == (State.MATCH, State.MATCH, State.DRIFT)
    assert kind in {finding.kind for finding in third.findings.findings}
    before, after = first.measured.coverage, second.measured.coverage
    assert (before.cached, before.files, before.derived) == (0, after.files, after.derived)
    if after.cached == 0:
        pytest.skip("temporary files lie in a file system whose ctime is not trusted")
    assert after.rehashed == 0
    assert after.oldest_hash_age_milliseconds > 0


def test_without_a_scrub_time_everything_is_read_in_every_cycle(bench: Bench, reference: Path) -> None:
    with running(bench, reference) as (run, seen):
        run._start()
        run._cycle()
        run._cycle()
        run._stop("enough")
    assert [reported.cycle.measured.coverage.cached for reported in seen] == [0, 0]


@contextmanager
def a_server(bench: Bench) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs a script of the tree and would live for long."""
    process = subprocess.Popen([sys.executable, str(bench.tree / "serve.py"), "--quiet"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def seal_server(bench: Bench, **rules: object) -> Path:
    (bench.tree / "serve.py").write_bytes(b"import time\nprint('ready', flush=True)\ntime.sleep(600)\n")
    return bench.write(
        bench.seal(
            allow_site=("serve.py",),
            command=(sys.executable, str(bench.tree / "serve.py"), "--quiet"),
            rules=Rules(**rules),  # type: ignore[arg-type]
        )
    )


def test_a_measured_process_is_named_in_the_receipt(bench: Bench) -> None:
    reference = seal_server(bench)
    with a_server(bench) as process:
        reported = once(bench, reference, pid=process.pid)
    assert reported.cycle.state is State.MATCH
    measured = reported.cycle.measured.coverage.process
    assert measured is not None
    assert measured.pid == process.pid
    headers = [item["predicate"]["receipt"] for item in receipts(bench)]
    assert {header["binding"] for header in headers} == {Binding.ADOPTED}


def test_files_are_those_that_the_process_sees(bench: Bench) -> None:
    reference = seal_server(bench)
    module = next(bench.tree.rglob("*/__init__.py"))
    (bench.folder / "evil.py").write_bytes(b"evil = 1\n")
    script = [sys.executable, str(bench.tree / "serve.py"), "--quiet"]
    mount = f'mount --bind "{bench.folder}/evil.py" "{module}" && exec "$@"'
    unshared = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh", *script]
    if os.geteuid() != 0:
        pytest.skip("a mount namespace takes root")
    with subprocess.Popen(unshared, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                pytest.skip("nothing can be mounted here")
            ours = once(bench, reference)
            theirs = once(bench, reference, pid=process.pid)
        finally:
            process.kill()
    assert ours.cycle.state is State.MATCH
    assert theirs.cycle.state is State.DRIFT
    assert FindingKind.MOUNT in {each.kind for each in theirs.cycle.findings.findings}


def test_a_writer_at_work_is_seen_by_the_lease_that_he_prevents(bench: Bench, reference: Path) -> None:
    quiet = once(bench, reference)
    with next(bench.tree.rglob("*.py")).open("r+b"):
        written = once(bench, reference)
    assert quiet.cycle.measured.coverage.sight is not None
    assert quiet.cycle.measured.coverage.sight.lease
    assert quiet.cycle.measured.coverage.sight.fine_ctime is bool(proven_fine(bench.folder / "log"))
    assert written.cycle.state is State.UNKNOWN
    assert {each.kind for each in written.cycle.findings.findings} == {FindingKind.UNSTABLE}


def test_a_process_under_watch_has_a_receipt_with_digests_of_its_variables(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = seal_server(bench)
    monkeypatch.setenv("TOKEN", "secret-of-the-server")
    with a_server(bench) as process:
        reported = once(bench, reference, pid=process.pid)
    told = [item["predicate"].get("event", {}) for item in receipts(bench)]
    (start,) = [event for event in told if event.get("kind") == "process"]
    assert start["pid"] == process.pid
    assert start["process"]["process"] == msgspec.to_builtins(reported.cycle.measured.coverage.process)
    assert start["process"]["workingDirectory"] == str(Path.cwd())
    names = [each["name"] for each in start["process"]["environment"]]
    assert "TOKEN" in names
    assert names == sorted(names)
    assert "secret-of-the-server" not in repr(receipts(bench))
    sight = reported.cycle.measured.coverage.sight
    assert sight is not None
    assert sight.memory


def test_a_variable_that_can_load_other_code_is_drift(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = seal_server(bench)
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    with a_server(bench) as process:
        reported = once(bench, reference, pid=process.pid)
    (finding,) = reported.cycle.findings.findings
    assert (finding.kind, finding.found) == (FindingKind.ENVIRONMENT, "set")
    assert finding.expected is not None
    assert finding.expected.startswith("PYTHONPATH")


@needs_compiler
def test_a_library_of_the_tree_that_a_process_has_mapped_is_held_against_the_one_there(bench: Bench) -> None:
    library = make_library(bench.tree, "extra.so")
    code = f"import ctypes, time\nctypes.CDLL({str(library)!r})\nprint('ready', flush=True)\ntime.sleep(600)\n"
    (bench.tree / "serve.py").write_text(code)
    command = (sys.executable, str(bench.tree / "serve.py"), "--quiet")
    reference = bench.write(bench.seal(allow_site=("serve.py", "extra.so"), command=command))
    with a_server(bench) as process, running(bench, reference, pid=process.pid) as (run, seen):
        run._cycle()
        copy = bench.folder / "copy"
        shutil.copy(library, copy)
        copy.rename(library)
        run._cycle()
        copy.write_bytes(b"evil")
        copy.rename(library)
        run._cycle()
    healthy, replaced, changed = (reported.cycle.findings for reported in seen)
    assert healthy.findings == ()
    assert [finding.kind for finding in replaced.findings][:1] == [FindingKind.EXECUTABLE_REPLACED]
    assert FindingKind.CHANGED in {finding.kind for finding in changed.findings}


def test_a_server_started_by_a_relative_path_is_the_sealed_one(bench: Bench) -> None:
    reference = seal_server(bench)
    command = [sys.executable, "./serve.py", "--quiet"]
    with subprocess.Popen(command, cwd=bench.tree, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            reported = once(bench, reference, pid=process.pid)
        finally:
            process.kill()
    assert reported.cycle.findings.findings == ()


def test_a_clean_tree_beside_a_foreign_process_is_no_match_for_it(bench: Bench) -> None:
    reference = seal_server(bench)
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        try:
            reported = once(bench, reference, pid=process.pid)
        finally:
            process.kill()
    assert reported.cycle.state is State.DRIFT
    kinds = {finding.kind for finding in reported.cycle.findings.findings}
    assert kinds >= {FindingKind.EXECUTABLE_OTHER, FindingKind.ARGUMENTS}


def test_a_reference_without_a_command_is_about_no_process(bench: Bench, reference: Path) -> None:
    with pytest.raises(RefusedError, match="command"):
        once(bench, reference, pid=os.getpid())


def test_a_tree_that_we_run_from_is_refused(bench: Bench, reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(bench.tree / "environment"))
    for attempt in (lambda: once(bench, reference), bench.seal):
        with pytest.raises(RefusedError, match="does not run from"):
            attempt()


def test_the_sealed_action_is_taken_with_intent_before_and_outcome_after(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.TERMINATE)
    with a_server(bench) as process:
        (bench.tree / "stray.pth").write_bytes(b"import os\n")
        reported = once(bench, reference, pid=process.pid)
        assert process.wait(PATIENCE_SECONDS) != 0
    assert (reported.outcome or "").startswith("the process ended after SIGTERM; ")
    assert events(bench) == [
        "start", "process", "runtime-violation", "action-intended", "evidence", "action-taken", "stop"
    ]  # fmt: skip


def test_audit_only_says_what_would_be_done_and_does_nothing(bench: Bench) -> None:
    reference = seal_server(bench, on_drift=Action.TERMINATE, audit_only=True)
    with a_server(bench) as process:
        (bench.tree / "stray.pth").write_bytes(b"import os\n")
        reported = once(bench, reference, pid=process.pid)
        assert process.poll() is None
    assert "audit-only" in (reported.outcome or "")


def test_a_run_ends_when_its_process_does(bench: Bench) -> None:
    reference = seal_server(bench, cycle=1)
    with a_server(bench) as process, running(bench, reference, pid=process.pid) as (run, seen):

        def kill_after_the_first(reported: Reported) -> None:
            seen.append(reported)
            process.kill()

        run.report = kill_after_the_first
        assert run.until_stopped()
    assert events(bench)[-1] == "stop"
    assert [reported.cycle.state for reported in seen] == [State.MATCH]


def refusals(bench: Bench) -> dict[str, tuple[type[AttestError], dict[str, object]]]:
    other = write_key_pair(bench.folder, "stranger", STRANGER)
    sealer = write_key_pair(bench.folder, "sealer", SEALER)
    return {
        "a key that is no writer": (UntrustedError, {"key": other}),
        "the sealer's key": (UntrustedError, {"key": sealer}),
        "a process that is not there": (UnavailableError, {"pid": 2**22 - 1}),
        "a root that is not sealed": (RefusedError, {"places": {"other": bench.tree}}),
        "a trust file that is not there": (UnavailableError, {"trust": bench.folder / "absent"}),
    }


@pytest.mark.parametrize(
    "name",
    [
        "a key that is no writer",
        "the sealer's key",
        "a process that is not there",
        "a root that is not sealed",
        "a trust file that is not there",
    ],
)
def test_an_agent_is_refused_before_anything_is_written(bench: Bench, reference: Path, name: str) -> None:
    kind, changes = refusals(bench)[name]
    with pytest.raises(kind):
        once(bench, reference, **changes)
    assert not (bench.folder / "log").exists()


def test_another_manifest_than_the_sealed_one_is_untrusted(bench: Bench, reference: Path) -> None:
    side = reference.with_name("server.ref.manifest.jsonl")
    side.write_bytes(side.read_bytes().replace(b'"executable":false', b'"executable":true', 1))
    with pytest.raises(UntrustedError, match="manifest"):
        once(bench, reference)


def test_a_reference_with_one_byte_changed_is_refused(bench: Bench, reference: Path) -> None:
    octets = bytearray(reference.read_bytes())
    octets[octets.index(b'"payload":"') + 200] ^= 0x01
    reference.write_bytes(octets)
    with pytest.raises((UntrustedError, MalformedError)):
        once(bench, reference)


def test_a_binding_that_cannot_be_reached_is_refused_with_the_flag_that_helps(bench: Bench) -> None:
    reference = bench.write(bench.seal(rules=Rules(min_binding=Binding.ADOPTED)))
    with pytest.raises(RefusedError) as refused:
        once(bench, reference)
    assert "--pid" in (refused.value.hint or "")


def test_a_log_that_lost_entries_is_refused(bench: Bench, reference: Path) -> None:
    once(bench, reference)
    early = bench.folder / "early"
    (bench.folder / "log").rename(early)
    once(bench, reference)
    once(bench, reference)
    pinned = bench.folder / "head"
    note = SQLITE.open_reader(bench.folder / "log").newest_checkpoint()
    assert note is not None
    pinned.write_bytes(note)
    with pytest.raises(RefusedError):
        once(bench, reference, log=early, pinned=pinned)
    once(bench, reference, pinned=pinned)


def test_what_cannot_be_recorded_is_not_reported(bench: Bench, reference: Path) -> None:
    with running(bench, reference) as (run, seen):
        run._start()
        run.recorder.close()
        with pytest.raises(AttestError):
            run._cycle()
        assert seen == []
