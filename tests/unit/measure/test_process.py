"""A process is observed as itself: by descriptor, start time and the very file that it runs."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.errors import UnavailableError
from attest.measure import process as looked_at
from attest.measure.isolation import isolation_of
from attest.measure.process import (
    ProcessHandle,
    Wanted,
    complete,
    file_identity,
    observe_process,
    open_process,
    signal_process,
    wait_exit,
)
from attest.statement.findings import FindingKind
from attest.statement.levels import Isolation
from attest.statement.observation import FileIdentity, ObservedProcess
from tests.unprivileged import unprivileged

CAT = Path(shutil.which("cat") or "/bin/cat").resolve()
PYTHON = Path(sys.executable)


@contextmanager
def running(
    command: Sequence[str | bytes | Path], pass_fds: Sequence[int] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], ProcessHandle]]:
    """A program that waits for its standard input to end."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=pass_fds) as child:
        try:
            with open_process(child.pid) as handle:
                yield child, handle
        finally:
            child.kill()


def copy_of_cat(path: Path) -> Path:
    # One program under many names (busybox) looks at its name: keep it.
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(CAT, path))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def observe(command: Sequence[str | bytes | Path]) -> ObservedProcess:
    with running(command) as (_, handle):
        return observe_process(handle)


def test_arguments_that_name_a_link_are_observed_with_the_file_that_it_leads_to(tmp_path: Path) -> None:
    program, file = copy_of_cat(tmp_path / "cat"), tmp_path / "file"
    file.touch()
    (tmp_path / "near").symlink_to("file")
    (tmp_path / "link").symlink_to("near")
    seen = observe([program, tmp_path / "link", file, "-", b"/\xff"])
    assert seen.links == ((str(tmp_path / "link"), str(file)),)


def test_a_process_is_observed_with_its_executable_arguments_and_user(tmp_path: Path) -> None:
    program = copy_of_cat(tmp_path / "cat")
    with running([program, "-u", "-"]) as (child, handle):
        seen = observe_process(handle)
        expected = ObservedProcess(
            pid=child.pid,
            start_time_ticks=handle.start_time_ticks,
            boot_id=Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
            working_directory=str(Path.cwd()),
            alive=True,
            uid=os.geteuid(),
            real_uid=os.getuid(),
            argv=(str(program), "-u", "-"),
            executable_path=str(program.resolve()),
            executable_deleted=False,
            executable_sha256=digest(CAT),
            executable_identity=file_identity(program),
            mapped=seen.mapped,
            mapped_files_seen=seen.mapped_files_seen,
            memory_seen=True,
            environment=seen.environment,
            namespaces=tuple((name, str(Path(f"/proc/self/ns/{name}").readlink())) for name, _ in seen.namespaces),
            mounts=seen.mounts,
            children=(),
            listening=None,
        )
        assert seen == expected


def test_a_link_to_the_executable_has_its_identity(tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(PYTHON)
    seen = observe([link, "-I", "-S", "-c", "input()"])
    assert seen.executable_identity == file_identity(link) == file_identity(PYTHON.resolve())
    assert seen.argv is not None
    assert seen.argv[1:] == ("-I", "-S", "-c", "input()")


def test_the_name_of_a_program_does_not_confuse_its_start_time(tmp_path: Path) -> None:
    program = copy_of_cat(tmp_path / "a) R 1 (b\n" / "cat")
    named = program.rename(program.with_name(") R 1 2"))
    with running([named]) as (child, handle):
        fields = Path(f"/proc/{child.pid}/stat").read_bytes()
        _, _, after = fields.partition(b"() R 1 2) ")
        assert handle.start_time_ticks == int(after.split()[19])


def test_arguments_that_are_not_utf8_are_kept_apart() -> None:
    wait = (PYTHON, "-I", "-S", "-c", "input()")
    first, second = observe([*wait, b"\xff", b""]), observe([*wait, b"\\xff", b""])
    assert first.argv is not None
    assert second.argv is not None
    assert first.argv[-2:] == ("\udcff", "")
    assert second.argv[-2:] == ("\\xff", "")


def test_an_executable_that_was_unlinked_is_hashed_and_called_deleted(tmp_path: Path) -> None:
    program = copy_of_cat(tmp_path / "cat")
    with running([program]) as (_, handle):
        program.unlink()
        seen = observe_process(handle)
    assert (seen.executable_deleted, seen.executable_sha256) == (True, digest(CAT))
    assert seen.executable_path == str(program)


def test_an_executable_that_was_replaced_is_told_from_what_lies_there_now(tmp_path: Path) -> None:
    program = copy_of_cat(tmp_path / "cat")
    with running([program]) as (_, handle):
        other = tmp_path / "other"
        other.write_bytes(b"something else")
        other.rename(program)
        seen = observe_process(handle)
    assert (seen.executable_deleted, seen.executable_sha256) == (True, digest(CAT))
    assert seen.executable_identity != file_identity(program)


def test_a_file_that_is_called_deleted_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    program = copy_of_cat(folder / "cat").rename(folder / "cat (deleted)")
    with running([program]) as (_, handle):
        seen = observe_process(handle)
        assert (seen.executable_deleted, seen.executable_path) == (False, str(program))
        program.unlink()
        seen = observe_process(handle)
        assert (seen.executable_deleted, seen.executable_path) == (True, str(program))


def test_a_program_in_memory_is_hashed_and_called_deleted() -> None:
    descriptor = os.memfd_create("cat")
    try:
        os.write(descriptor, CAT.read_bytes())
        with running([f"/proc/self/fd/{descriptor}"], pass_fds=(descriptor,)) as (_, handle):
            seen = observe_process(handle)
    finally:
        os.close(descriptor)
    assert (seen.executable_deleted, seen.executable_sha256) == (True, digest(CAT))
    assert seen.executable_path == "/memfd:cat"


def test_a_process_that_became_another_program_shows_that_one(tmp_path: Path) -> None:
    program = copy_of_cat(tmp_path / "cat")
    code = f"import os; input(); os.execv({str(program)!r}, ['cat', '-u'])"
    with running([PYTHON, "-I", "-S", "-c", code]) as (child, handle):
        before = observe_process(handle)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"\nready\n")
        child.stdin.flush()
        # Only the new program answers; what the old one had read ahead is lost.
        while observe_process(handle).argv != ("cat", "-u"):
            child.stdin.write(b"ready\n")
            child.stdin.flush()
        after = observe_process(handle)
    assert before.start_time_ticks == after.start_time_ticks
    assert before.executable_sha256 != after.executable_sha256 == digest(CAT)


def test_the_digest_of_an_executable_that_is_hashed_with_the_tree_is_left_out_and_completed(tmp_path: Path) -> None:
    program = copy_of_cat(tmp_path / "cat")
    identity = file_identity(program)
    with running([program]) as (_, handle):
        seen = observe_process(handle, Wanted(hashed_with_tree=identity))
        assert (seen.executable_sha256, seen.executable_identity, seen.trouble) == (None, identity, None)
        assert complete(handle, seen, "ab" * 32).executable_sha256 == "ab" * 32
        assert complete(handle, seen, None).executable_sha256 == digest(CAT)
        program.unlink()
        gone = observe_process(handle, Wanted(hashed_with_tree=identity))
        assert (gone.executable_deleted, gone.executable_sha256) == (True, digest(CAT))
        assert complete(handle, gone, "ab" * 32) == gone


def test_a_process_that_changes_or_ends_before_its_digest_is_completed_is_trouble_or_gone() -> None:
    with running([CAT]) as (child, handle):
        seen = observe_process(handle, Wanted(hashed_with_tree=file_identity(CAT)))
        changed = dataclasses.replace(seen, executable_identity=FileIdentity(device=0, inode=0))
        trouble = complete(handle, changed, None).trouble
        assert trouble is not None
        assert trouble.kind is FindingKind.UNSTABLE
        child.kill()
        child.wait()
        assert not complete(handle, seen, None).alive


def test_a_change_of_program_during_every_look_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    with running([CAT]) as (_, handle):
        other = FileIdentity(device=0, inode=0)
        monkeypatch.setattr(looked_at, "_identity_of", lambda path: other)
        seen = observe_process(handle)
    assert seen.alive
    assert seen.trouble is not None
    assert seen.trouble.kind is FindingKind.UNSTABLE


def test_a_process_that_ended_is_not_alive_also_as_a_zombie() -> None:
    with running([CAT]) as (child, handle):
        assert not wait_exit(handle, 0.0)
        assert not wait_exit(handle, 0.01)
        child.kill()
        assert wait_exit(handle, 10.0)
        assert not observe_process(handle).alive
        child.wait()
        seen = observe_process(handle)
    assert (seen.alive, seen.pid, seen.executable_sha256) == (False, child.pid, None)


def test_another_process_with_the_same_number_is_not_taken_for_it() -> None:
    with running([CAT]) as (_, handle):
        earlier = dataclasses.replace(handle, start_time_ticks=handle.start_time_ticks - 1)
        assert observe_process(handle).alive
        assert not observe_process(earlier).alive


def test_a_process_that_may_not_be_traced_is_trouble_and_not_a_match() -> None:
    undumpable = "import ctypes; ctypes.CDLL(None).prctl(4, 0); print(flush=True); input()"
    with running([PYTHON, "-I", "-c", undumpable]) as (child, handle):
        assert child.stdout is not None
        child.stdout.readline()
        with unprivileged():
            seen = observe_process(handle)
    assert (seen.alive, seen.executable_sha256) == (True, None)
    assert seen.trouble is not None
    assert seen.trouble.kind is FindingKind.UNREADABLE


def test_a_signal_reaches_the_process_and_none_after_its_end() -> None:
    with running([CAT]) as (child, handle):
        assert signal_process(handle, signal.SIGTERM)
        assert wait_exit(handle, 10.0)
        assert child.wait() == -signal.SIGTERM
        assert not signal_process(handle, signal.SIGKILL)


def test_a_signal_that_cannot_be_sent_is_said() -> None:
    with running([CAT]) as (_, handle):
        unusable = dataclasses.replace(handle, descriptor=-1)
        with pytest.raises(UnavailableError, match="SIGKILL"):
            signal_process(unusable, signal.SIGKILL)


@pytest.mark.parametrize("pid", [-1, 0, 2**22 + 1, 2**40])
def test_a_process_that_is_not_there_is_said(pid: int) -> None:
    with pytest.raises(UnavailableError, match="running process"):
        open_process(pid)


def test_a_process_that_has_ended_is_not_opened() -> None:
    with subprocess.Popen([CAT], stdin=subprocess.PIPE) as child:
        with open_process(child.pid) as handle:
            child.kill()
            assert wait_exit(handle, 10.0)
        with pytest.raises(UnavailableError):
            open_process(child.pid)


def test_a_path_to_nothing_has_no_identity(tmp_path: Path) -> None:
    assert file_identity(tmp_path / "none") is None
    assert file_identity("nul\0") is None


def test_who_could_signal_us_is_not_kept_apart() -> None:
    other = 54_321
    assert isolation_of(None) is Isolation.SAME_UID
    assert isolation_of(0) is Isolation.SAME_UID
    assert isolation_of(os.geteuid()) is Isolation.SAME_UID
    if os.geteuid() == 0:
        assert isolation_of(other) is Isolation.PRIVILEGED
    with unprivileged():
        assert isolation_of(os.geteuid()) is Isolation.SAME_UID
        assert isolation_of(other) is Isolation.OTHER_UID
