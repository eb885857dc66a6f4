"""What a process has mapped as code is seen as the file that it is, wherever that lies now."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attest.measure.process import Wanted, file_identity, observe_process, open_process
from attest.measure.processes import held
from attest.measure.processes import mapped as looked_at
from attest.measure.processes.held import HeldFiles
from attest.measure.processes.maps import parse_maps
from tests.processes import CAT, look, make_library, mapped_as, needs_compiler, needs_root, python
from tests.unprivileged import NOBODY, open_folder, unprivileged


def load(path: Path) -> str:
    return f"import ctypes; library = ctypes.CDLL({str(path)!r})"


def test_the_program_and_its_libraries_are_mapped_where_they_lie() -> None:
    with python("import ctypes") as handle:
        seen = look(handle)
    assert {file.in_place for file in seen.mapped} == {True}
    assert {file.in_memory for file in seen.mapped} == {False}
    assert sum(file.patched_pages for file in seen.mapped) == 0
    program = next(file for file in seen.mapped if file.identity == seen.executable_identity)
    assert program.path == str(Path(sys.executable).resolve())
    assert any("libc" in file.path for file in seen.mapped)
    assert seen.memory_seen


@needs_compiler
def test_a_library_that_was_unlinked_is_seen_and_hashed(tmp_path: Path) -> None:
    library = make_library(tmp_path)
    digest = hashlib.sha256(library.read_bytes()).hexdigest()
    with python(load(library)) as handle:
        identity = file_identity(library)
        assert mapped_as(look(handle), "extra.so").in_place
        library.unlink()
        seen = look(handle)
        file = mapped_as(seen, "extra.so")
    assert (file.in_place, file.path, file.identity) == (False, str(library), identity)
    assert file.sha256 == (digest if seen.mapped_files_seen else None)


OVER_DEV = """
import ctypes, os, shutil
system = ctypes.CDLL(None)
made = system.unshare(0x20000), system.mount(b"none", b"/", None, 0x44000, None)
assert (*made, system.mount(b"none", b"/dev", b"tmpfs", 0, None)) == (0, 0, 0)
shutil.copy({library!r}, "/dev/zero")
library = ctypes.CDLL("/dev/zero")
os.unlink("/dev/zero")
"""
"""Mounts of its own (CLONE_NEWNS, MS_REC | MS_PRIVATE), and a library that is called as the kernel's memory is."""


@needs_root
@needs_compiler
def test_a_library_that_is_called_like_memory_of_the_kernels_is_seen(tmp_path: Path) -> None:
    with python(OVER_DEV.format(library=str(make_library(tmp_path)))) as handle:
        assert mapped_as(look(handle), "zero").in_place is False


def test_memory_that_is_shared_and_runs_is_no_file() -> None:
    with python("import mmap; memory = mmap.mmap(-1, 4096, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, 7)") as handle:
        assert "/dev/zero (deleted)" in Path(f"/proc/{handle.pid}/maps").read_text()
        assert [file.path for file in look(handle).mapped if "zero" in file.path] == []


@needs_compiler
def test_a_library_that_was_replaced_is_not_what_lies_there_now(tmp_path: Path) -> None:
    library = make_library(tmp_path)
    with python(load(library)) as handle:
        shutil.copy(library, tmp_path / "new")
        (tmp_path / "new").rename(library)
        file = mapped_as(look(handle), "extra.so")
    assert file.in_place is False
    assert file.identity != file_identity(library)


@needs_compiler
@pytest.mark.parametrize("name", ["a (deleted)", "line\nend.so", "back\\012slash.so", " blank .so", "b\udcff.so"])
def test_a_hostile_name_hides_nothing(tmp_path: Path, name: str) -> None:
    library = make_library(tmp_path).rename(tmp_path / name)
    with python(load(library)) as handle:
        (file,) = [file for file in look(handle).mapped if file.path.startswith(str(tmp_path))]
        assert (file.path, file.in_place) == (str(library), True)
        library.unlink()
        (file,) = [file for file in look(handle).mapped if file.path.startswith(str(tmp_path))]
        assert file.in_place is False


@needs_compiler
@pytest.mark.parametrize("name", ["a (deleted)", "line\nend.so", "back\\012slash.so"])
def test_a_hostile_name_hides_nothing_from_whoever_sees_only_paths(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = make_library(tmp_path).rename(tmp_path / name)
    monkeypatch.setattr(looked_at, "_itself", lambda *_: None)
    with python(load(library)) as handle:
        seen = look(handle)
        assert not seen.mapped_files_seen
        (file,) = [file for file in seen.mapped if file.path.startswith(str(tmp_path))]
        assert (file.path, file.in_place, file.identity) == (str(library), True, file_identity(library))
        library.unlink()
        (file,) = [file for file in look(handle).mapped if file.path.startswith(str(tmp_path))]
        assert (file.in_place, file.sha256) == (False, None)


@needs_root
def test_without_rights_a_process_of_the_same_user_is_seen_by_paths() -> None:
    with subprocess.Popen([CAT], user=NOBODY, stdin=subprocess.PIPE) as child:
        with open_process(child.pid) as handle, unprivileged():
            seen = look(handle)
        child.kill()
    assert not seen.mapped_files_seen
    assert seen.memory_seen
    assert seen.environment is not None
    assert {(file.in_place, file.writable) for file in seen.mapped} == {(True, False)}
    assert seen.executable_identity in {file.identity for file in seen.mapped}


@needs_root
@needs_compiler
def test_without_rights_a_library_that_was_replaced_is_hashed_if_it_was_held_before() -> None:
    with open_folder() as folder:
        library = make_library(folder)
        digest, identity = hashlib.sha256(library.read_bytes()).hexdigest(), file_identity(library)
        preloaded = {"LD_PRELOAD": str(library)}
        with (
            subprocess.Popen([CAT], user=NOBODY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=preloaded) as child,
            open_process(child.pid) as handle,
            unprivileged(),
        ):
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(b"ready\n")
            child.stdin.flush()
            assert child.stdout.readline() == b"ready\n"
            wanted = Wanted(held=HeldFiles())
            wanted.held.hold(child.pid, look(handle).mapped)
            os.seteuid(0)
            make_library(folder / "new").rename(library)
            os.seteuid(NOBODY)
            late, file = mapped_as(look(handle), "extra.so"), mapped_as(look(handle, wanted), "extra.so")
            child.kill()
    assert (late.in_place, late.sha256) == (False, None)
    assert (file.in_place, file.sha256, file.identity) == (False, digest, identity)


def test_only_so_many_files_are_held_and_none_of_a_process_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    monkeypatch.setattr(held, "MOST_HELD", 2)
    files = HeldFiles()
    with python("import ctypes") as handle:
        seen, before = look(handle), count()
        assert len(seen.mapped) > 2
        files.hold(handle.pid, seen.mapped)
        assert count() == before + 2
        monkeypatch.setattr(held, "MOST_HELD", 1000)
        files.hold(handle.pid, seen.mapped)
        files.hold(handle.pid, seen.mapped)
        assert count() == before + len(seen.mapped)
        monkeypatch.setattr(resource, "getrlimit", lambda _: (2 * before, 2 * before))
        HeldFiles().hold(handle.pid, seen.mapped)
        assert count() == before + len(seen.mapped)
        files.close()
        assert count() == before


def test_code_that_only_lies_in_memory_is_seen_as_such(tmp_path: Path) -> None:
    code = (
        "import os, mmap\n"
        "descriptor = os.memfd_create('code'); os.ftruncate(descriptor, 4096)\n"
        "code = mmap.mmap(descriptor, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_EXEC)"
    )
    with python(code) as handle:
        file = mapped_as(look(handle), "memfd:code")
    assert (file.in_memory, file.in_place) == (True, False)


def test_anonymous_code_is_no_file() -> None:
    code = (
        "import mmap\n"
        "own = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)\n"
        "shared = mmap.mmap(-1, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_EXEC)"
    )
    with python(code) as handle:
        seen = look(handle)
    assert all(file.in_place for file in seen.mapped)


def test_one_changed_byte_of_code_is_a_changed_page() -> None:
    with python("") as handle:
        before = look(handle)
        code = next(each for each in parse_maps(Path(f"/proc/{handle.pid}/maps").read_bytes()) if "libc" in each.path)
        assert mapped_as(before, Path(code.path).name).patched_pages == 0
        with Path(f"/proc/{handle.pid}/mem").open("r+b", buffering=0) as memory:
            memory.seek(code.start + 4096)
            octet = memory.read(1)
            memory.seek(code.start + 4096)
            memory.write(octet)
        after = look(handle)
    assert mapped_as(after, Path(code.path).name).patched_pages == 1
    assert sum(file.patched_pages for file in after.mapped) == 1


@needs_compiler
def test_what_the_process_could_have_written_is_told_by_owner_and_mode() -> None:
    with open_folder() as folder:
        theirs = make_library(folder / "theirs", "theirs.so")
        os.chown(theirs, NOBODY, NOBODY) if os.geteuid() == 0 else None
        with python(load(theirs)) as handle:
            seen = look(handle)
    assert mapped_as(seen, "theirs.so").writable
    if os.geteuid() == 0:
        assert not next(file for file in seen.mapped if "libc" in file.path).writable


def test_a_process_that_ends_during_the_look_is_not_alive() -> None:
    with subprocess.Popen([CAT], stdin=subprocess.PIPE) as child:
        handle = open_process(child.pid)
        child.kill()
        child.wait()
        assert not observe_process(handle).alive
        handle.close()
