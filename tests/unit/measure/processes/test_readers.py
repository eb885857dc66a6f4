"""Every reader of procfs takes what the kernel writes, whatever names hold, and refuses what it would not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure.processes.children import parse_stat
from attest.measure.processes.environ import MAX_ENVIRONMENT_BYTES, parse_environment
from attest.measure.processes.maps import parse_maps
from attest.measure.processes.mounts import parse_mountinfo
from attest.measure.processes.pages import patched_in
from attest.measure.processes.reading import read_whole
from attest.measure.processes.sockets import parse_tcp, parse_unix
from attest.measure.processes.status import parse_status
from attest.statement.observation import Mount
from tests.processes import MOUNTINFO, STAT, STATUS, TCP, UNIX

SALT = b"s" * 32
CODE = b"7f00-7f10 r-xp 00001000 08:01 42                         /usr/lib/libc.so\n"
TCP6 = (
    b"  sl  local_address                         remote_address                        st ...\n"
    b"   0: 00000000000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A "
    b"00000000:00000000 00:00000000 00000000     0        0 79 1 0000 100 0 0 10 0\n"
)


def test_of_maps_only_code_of_files_counts() -> None:
    octets = (
        CODE
        + b"7f10-7f20 r--p 00000000 08:01 43 /usr/lib/data\n"
        + b"7f20-7f30 rwxp 00000000 00:00 0 \n"
        + b"7f30-7f40 r-xp 00000000 00:00 0                          [vdso]\n"
        + b"7f40-7f50 r-xs 00000000 00:01 44                         /dev/zero (deleted)\n"
        + b"7f50-7f60 r-xs 00000000 00:01 45                         /memfd:a b (deleted)\n"
    )
    code, memory = parse_maps(octets)
    assert (code.start, code.end, code.major, code.minor, code.inode) == (0x7F00, 0x7F10, 8, 1, 42)
    assert (code.path, code.in_memory) == ("/usr/lib/libc.so", False)
    assert (memory.path, memory.in_memory) == ("/memfd:a b (deleted)", True)
    assert parse_maps(b"") == ()


@pytest.mark.parametrize("name", [b"/dev/zero", b"/SYSV00000000", b"/dev/zero.so"])
def test_what_is_only_called_like_memory_of_the_kernels_is_a_file(name: bytes) -> None:
    octets = CODE.replace(b"/usr/lib/libc.so", name + b" (deleted)")
    assert len(parse_maps(octets, (0, 1))) == 1
    assert parse_maps(octets, (8, 1)) == ()


def test_a_name_in_maps_is_taken_as_a_whole() -> None:
    (code,) = parse_maps(CODE.replace(b"libc", b"a  r-xp \\012\r\x0b\xff (deleted)"))
    assert code.path == "/usr/lib/a  r-xp \\012\r\x0b\udcff (deleted).so"


@pytest.mark.parametrize("octets", [b"\n", CODE + b"\n", b"x" + CODE, CODE.replace(b"r-xp", b"r-xq"), CODE[:20]])
def test_another_line_in_maps_is_refused(octets: bytes) -> None:
    with pytest.raises(MalformedError, match="maps"):
        parse_maps(octets)


def test_pages_that_are_anonymous_in_memory_or_swapped_are_changed() -> None:
    def entry(top: int) -> bytes:
        return bytes((*bytes(7), top))

    of_file, absent, changed, swapped = entry(0xA1), entry(0x00), entry(0x81), entry(0x40)
    assert patched_in(b"") == 0
    assert patched_in((of_file + absent) * 100) == 0
    assert patched_in(of_file + changed + absent + swapped) == 2


def test_users_and_groups_stand_in_the_status() -> None:
    user = parse_status(STATUS)
    assert (user.real_uid, user.uid, user.uids) == (1, 2, frozenset({1, 2, 3, 4}))
    assert user.groups == frozenset({5, 6, 7, 8, 9, 10})
    assert not user.powerful
    assert parse_status(STATUS.replace(b"CapEff:\t0000000000000000", b"CapEff:\t0000000000000002")).powerful
    assert parse_status(STATUS.replace(b"3\t4\nGid", b"0\t4\nGid")).powerful
    assert parse_status(STATUS.replace(b"9 10 ", b"")).groups == frozenset({5, 6, 7, 8})


@pytest.mark.parametrize(
    "octets",
    [b"", STATUS.replace(b"Gid", b"Gib"), STATUS.replace(b"\t4\nG", b"\nG"), STATUS.replace(b"Uid:\t1", b"Uid:\t-1")],
)
def test_another_status_is_refused(octets: bytes) -> None:
    with pytest.raises(MalformedError, match="status"):
        parse_status(octets)


def test_values_of_variables_are_only_digests_that_depend_on_salt_and_name() -> None:
    seen = parse_environment(b"A=secret\0B=secret\0A=\0no variable\0=x\0A B=1\0\0", SALT)
    assert [name for name, _ in seen.variables] == ["A", "B", "A"]
    assert len({digest for _, digest in seen.variables}) == 3
    assert "secret" not in repr(seen)
    assert repr(SALT) not in repr(seen)
    assert parse_environment(b"A=secret\0", b"t" * 32).variables != seen.variables[:1]
    with pytest.raises(MalformedError, match="environ"):
        parse_environment(b"x" * (MAX_ENVIRONMENT_BYTES + 1), SALT)


def test_mounts_are_read_with_their_escapes() -> None:
    assert parse_mountinfo(MOUNTINFO) == (
        Mount(point="/", device="8:1", root="/"),
        Mount(point="/mnt/x y\nz", device="0:30", root="/a\\b"),
        Mount(point="/run/netns/n", device="0:31", root="net:[4026532281]"),
    )
    with pytest.raises(MalformedError, match="mountinfo"):
        parse_mountinfo(MOUNTINFO + b"4 1\n")


def test_listening_sockets_are_told_by_address_and_port() -> None:
    assert parse_tcp(TCP) == {77: "tcp:127.0.0.1:8080"}
    assert parse_tcp(TCP6) == {79: "tcp:[::1]:443"}
    with pytest.raises(MalformedError, match="tcp"):
        parse_tcp(TCP + b"x\n")


def test_a_path_with_a_line_end_hides_no_unix_socket() -> None:
    assert parse_unix(UNIX) == {80: "unix:/run/a", 81: "unix:@x"}


def test_the_name_of_a_program_does_not_confuse_its_parent() -> None:
    stat = parse_stat(STAT)
    assert (stat.parent, stat.start_time_ticks, stat.ended) == (5, 99, False)
    assert parse_stat(b"7 (x) Z 5 " + b"0 " * 17 + b"99 0\n").ended
    with pytest.raises(MalformedError, match="stat"):
        parse_stat(b"7 (x) S\n")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("maps", parse_maps),
        ("status", parse_status),
        ("mountinfo", parse_mountinfo),
        ("net/tcp", parse_tcp),
        ("net/tcp6", parse_tcp),
        ("net/unix", parse_unix),
        ("stat", parse_stat),
    ],
)
def test_what_this_kernel_writes_is_read(name: str, read: Callable[[bytes], object]) -> None:
    path = Path(f"/proc/{os.getpid()}/{name}")
    if not path.exists():
        pytest.skip(f"this kernel has no {name}")
    read(path.read_bytes())


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(octets: bytes) -> None:
    for read in (parse_maps, parse_status, parse_mountinfo, parse_tcp, parse_unix, parse_stat):
        try:
            read(octets)
        except MalformedError:
            continue


def test_a_file_that_is_longer_than_it_may_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"x" * 10)
    assert read_whole(str(path), 10) == b"x" * 10
    with pytest.raises(MalformedError, match="at most 9 bytes"):
        read_whole(str(path), 9)
