"""Files: bounded reading, and writing that leaves all or nothing."""

import os
import stat
from collections.abc import Iterator

import pytest

from attest.codec.files import read_file, write_file
from attest.errors import MalformedError, RefusedError, UnavailableError


def test_a_file_is_written_with_plain_permissions_and_read_back(tmp_path):
    path = tmp_path / "f"
    write_file(path, [b"a", b"", b"b"])
    assert read_file(path) == b"ab"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"old and longer")
    write_file(path, [b"new"])
    assert path.read_bytes() == b"new"


def test_a_failure_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise RefusedError("x", "y", "z")

    path = tmp_path / "f"
    path.write_bytes(b"old")
    with pytest.raises(RefusedError):
        write_file(path, broken())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_not_written_through(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"theirs")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_file(link, [b"ours"])
    assert target.read_bytes() == b"theirs"
    assert not link.is_symlink()


def test_a_missing_folder_is_unavailable(tmp_path):
    with pytest.raises(UnavailableError):
        write_file(tmp_path / "none" / "f", [b""])


def test_a_folder_in_the_way_is_unavailable_and_leaves_nothing_behind(tmp_path):
    (tmp_path / "f").mkdir()
    with pytest.raises(UnavailableError):
        write_file(tmp_path / "f", [b""])
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnavailableError, match="a pipe or a device"):
        write_file(tmp_path / "pipe", [b"ours"])
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_reading_is_bounded(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert read_file(path, max_bytes=5) == b"12345"
    with pytest.raises(MalformedError, match="at most 4 bytes"):
        read_file(path, max_bytes=4)


def test_what_cannot_be_read_is_unavailable(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UnavailableError):
            read_file(path)
