"""What is around a process is seen: what it started, where it listens, where it is, and what is mounted for it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.measure.process import Wanted, file_identity
from attest.measure.processes import children as looked_at
from attest.measure.processes import mounts as looked_at_mounts
from attest.measure.processes.status import ProcessUser
from attest.measure.processes.writing import Writing
from attest.statement.observation import ObservedMounts
from tests.processes import CAT, look, needs_root, python, started
from tests.unprivileged import NOBODY, open_folder

LISTENS = "import socket; server = socket.create_server(('127.0.0.1', 0)); port = server.getsockname()[1]"
STARTS_CAT = f"import subprocess; child = subprocess.Popen([{str(CAT)!r}], stdin=subprocess.PIPE)"


def user(uid: int, *groups: int) -> ProcessUser:
    return ProcessUser(real_uid=uid, uid=uid, uids=frozenset({uid}), groups=frozenset(groups), powerful=uid == 0)


def test_a_child_is_seen_with_what_it_runs() -> None:
    with python(STARTS_CAT) as handle:
        (child,) = look(handle).children
    assert child.executable is not None
    assert child.executable.identity == file_identity(CAT)
    assert child.start_time_ticks >= handle.start_time_ticks


def test_children_of_children_and_of_threads_are_seen() -> None:
    code = (
        "import os, threading, time\n"
        "from_child, to_us = os.pipe()\n"
        "def fork():\n"
        "    if os.fork() == 0:\n"
        "        if os.fork() == 0: os.write(to_us, b'x')\n"
        "        time.sleep(600)\n"
        "    time.sleep(600)\n"
        "threading.Thread(target=fork, daemon=True).start(); os.read(from_child, 1)"
    )
    with python(code) as handle:
        seen = look(handle)
        for child in seen.children:
            os.kill(child.pid, 9)
    assert len(seen.children) == 2
    assert {child.executable and child.executable.identity for child in seen.children} == {seen.executable_identity}


def test_a_child_is_found_where_the_kernel_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked_at, "_is_told", lambda pid: False)
    with python(STARTS_CAT) as handle:
        (child,) = look(handle).children
    assert child.executable is not None
    assert child.executable.identity == file_identity(CAT)


def test_a_dead_child_is_none() -> None:
    code = "import os; os.posix_spawn('/bin/true', ['true'], {}); os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)"
    with python(code) as handle:
        assert look(handle).children == ()


def test_where_a_process_or_its_child_listens_is_seen_if_it_is_asked(tmp_path: Path) -> None:
    code = (
        f"{LISTENS}\nimport os, time\n"
        "from_child, to_us = os.pipe()\n"
        "if os.fork() == 0:\n"
        f"    local = socket.socket(socket.AF_UNIX); local.bind({str(tmp_path / 'x')!r}); local.listen()\n"
        "    server.close(); os.write(to_us, b'x'); time.sleep(600)\n"
        "os.read(from_child, 1)"
    )
    with python(code) as handle:
        assert look(handle).listening is None
        seen = look(handle, Wanted(listening=True))
        for child in seen.children:
            os.kill(child.pid, 9)
    assert seen.listening is not None
    tcp, unix = seen.listening
    assert tcp.startswith("tcp:127.0.0.1:")
    assert unix == f"unix:{tmp_path / 'x'}"


def test_who_does_not_listen_listens_nowhere() -> None:
    with socket.create_server(("127.0.0.1", 0)), python("") as handle:
        assert look(handle, Wanted(listening=True)).listening == ()


def test_variables_are_those_that_it_was_started_with() -> None:
    with python("import os; os.environ['LATER'] = '1'", environment={"FIRST": "1"}) as handle:
        environment = look(handle).environment
    assert environment is not None
    assert [name for name, _ in environment.variables] == ["FIRST"]


def test_a_process_in_our_own_namespaces_sees_what_we_see(tmp_path: Path) -> None:
    with python("") as handle:
        seen = look(handle, Wanted(places=(str(tmp_path),)))
    assert seen.mounts is not None
    assert (seen.mounts.ours, seen.mounts.owned) == (None, ())
    assert dict(seen.namespaces)["mnt"] == os.readlink("/proc/self/ns/mnt")  # noqa: PTH115
    assert "pid_for_children" not in dict(seen.namespaces)


def look_at_mounts_over(tmp_path: Path, *options: str) -> ObservedMounts:
    """Look at a process for which one directory is mounted over another."""
    for name in ("tree", "evil"):
        (tmp_path / name).mkdir()
    inner = f"mount --bind {tmp_path}/evil {tmp_path}/tree && exec {CAT.parent / 'sh'} -c 'echo ready; exec cat'"
    unshare = ["unshare", "--mount", *options]
    if subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no such namespaces here")
    with started([*unshare, "sh", "-c", inner]) as handle:
        seen = look(handle, Wanted(places=(str(tmp_path / "tree"), str(tmp_path))))
    assert seen.mounts is not None
    return seen.mounts


@needs_root
def test_what_is_mounted_for_a_process_alone_is_seen(tmp_path: Path) -> None:
    mounts = look_at_mounts_over(tmp_path)
    assert mounts.owned == ()
    assert mounts.ours is not None
    (private,) = set(mounts.theirs) - set(mounts.ours)
    assert private.point == str(tmp_path / "tree")


FUSE, OVERLAY, EXT4 = 0x65735546, 0x794C7630, 0xEF53
USERS = ("--user", "--map-root-user")


@needs_root
@pytest.mark.parametrize(
    ("magic", "options", "owned"),
    [
        (FUSE, (), ("tree",)),
        (FUSE, USERS, ("tree",)),
        (OVERLAY, USERS, ("tree",)),
        (OVERLAY, (), ()),
        (EXT4, USERS, ()),
    ],
)
def test_what_an_ordinary_user_could_have_mounted_is_told_from_what_the_kernel_answers_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, magic: int, options: tuple[str, ...], owned: tuple[str, ...]
) -> None:
    monkeypatch.setattr(looked_at_mounts, "file_system_magic", lambda _: magic)
    assert look_at_mounts_over(tmp_path, *options).owned == tuple(str(tmp_path / each) for each in owned)


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        (folder / "a").mkdir(mode=0o755)
        (folder / "a" / "file").touch(mode=0o644)
        yield folder


def can_write(place: Path, who: ProcessUser) -> bool:
    path = place / "a" / "file"
    return Writing("/proc/self/root", who).can_write(str(path), path.stat())


def test_an_owner_can_write_whatever_the_mode(place: Path) -> None:
    (place / "a" / "file").chmod(0o444)
    uids = frozenset({1, os.geteuid()})
    assert can_write(place, ProcessUser(real_uid=1, uid=1, uids=uids, groups=frozenset(), powerful=False))
    assert not can_write(place, user(54_321))


def test_group_and_others_can_write_by_the_mode(place: Path) -> None:
    group = place.stat().st_gid
    assert not can_write(place, user(54_321, group))
    (place / "a" / "file").chmod(0o664)
    assert can_write(place, user(54_321, group))
    assert not can_write(place, user(54_321, 54_321))
    (place / "a" / "file").chmod(0o646)
    assert can_write(place, user(54_321))


def test_who_may_write_a_directory_above_can_exchange_the_file_unless_it_is_sticky(place: Path) -> None:
    place.chmod(0o777)
    assert can_write(place, user(54_321))
    place.chmod(0o1777)
    assert not can_write(place, user(54_321))


@needs_root
def test_for_root_it_counts_whether_anybody_else_could_have(place: Path) -> None:
    assert can_write(place, user(0)) == (Path(place.parent).stat().st_mode & 0o002 != 0)
    assert not Writing("/proc/self/root", user(0)).can_write(str(CAT), CAT.stat())
    os.chown(place / "a" / "file", NOBODY, NOBODY)
    assert can_write(place, user(0))
