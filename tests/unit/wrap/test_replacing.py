"""A configuration is replaced as a whole and only if it is what was read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from attest.errors import AttestError, RefusedError
from attest.wrap.replacing import read_on_disk, replace_on_disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.json"
    file.write_bytes(b"old")
    file.chmod(0o604)
    return file


def test_the_mode_stays_and_nothing_is_left_beside(path):
    replace_on_disk(read_on_disk(path), b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert [each.name for each in path.parent.iterdir()] == ["a.json"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_stays(path):
    os.chown(path, 12345, 23456)
    replace_on_disk(read_on_disk(path), b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_what_somebody_wrote_in_between_is_not_lost(path):
    for content in (b"own", b"longer"):
        file = read_on_disk(path)
        path.write_bytes(content)
        with pytest.raises(RefusedError, match="a moment ago"):
            replace_on_disk(file, b"new")
        assert path.read_bytes() == content
    file = read_on_disk(path)
    path.unlink()
    with pytest.raises(AttestError):
        replace_on_disk(file, b"new")
    assert list(path.parent.iterdir()) == []


def test_a_file_that_was_put_in_its_place_is_not_replaced_though_it_says_the_same(path):
    file = read_on_disk(path)
    other = path.with_name("b")
    other.write_bytes(path.read_bytes())
    other.replace(path)
    with pytest.raises(RefusedError, match="a moment ago"):
        replace_on_disk(file, b"new")


def test_only_a_regular_file_with_one_name_is_read(path, tmp_path):
    os.link(path, tmp_path / "second")
    for other in (path, tmp_path, tmp_path / "none"):
        with pytest.raises(AttestError):
            read_on_disk(other)


def test_a_link_leads_to_its_target(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    assert read_on_disk(link).path == path
