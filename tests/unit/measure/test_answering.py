"""Files for which a program answers: what we read of them is not what a server reads, and nothing of it is believed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from attest.codec.octets import sha256_hex
from attest.measure.answering import mounted_by
from attest.measure.tree import look_at_roots
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Observed
from tests.answering import answering, can_answer

CAT = Path(shutil.which("cat") or "/bin/cat").resolve()
needs_fuse = pytest.mark.skipif(not can_answer(), reason="needs root and /dev/fuse")
LINE = "42 27 0:39 / /srv/tree rw,relatime shared:7 - fuse.sshfs me@far:/tree rw,{}group_id=100,allow_other"


@pytest.mark.parametrize(
    ("line", "device", "user"),
    [
        (LINE.format("user_id=1000,"), (0, 39), 1000),
        (LINE.format("user_id=0,"), (0, 39), 0),
        (LINE.format("user_id=0,user_id=7,"), (0, 39), 7),
        (LINE.format(""), (0, 39), 0),
        (LINE.format("not_user_id=1000,"), (0, 39), 0),
        (LINE.format("user_id=1000,"), (0, 3), None),
        (LINE.format("user_id=1000,"), (10, 39), None),
        ("", (0, 39), None),
    ],
)
def test_who_had_a_file_system_mounted_stands_among_its_options(line: str, device: tuple[int, int], user: int | None):
    other = "41 27 8:1 / / rw - ext4 /dev/sda1 rw,user_id=5"
    assert mounted_by(f"{other}\n{line}\n{other}\n".encode(), os.makedev(*device)) == user


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree, and beside it what others are told and a place to mount at."""
    (tmp_path / "tree/inner").mkdir(parents=True)
    (tmp_path / "shown").mkdir()
    (tmp_path / "tree/inner/module.py").write_bytes(b"good\n")
    (tmp_path / "evil").write_bytes(b"evil, and longer\n")
    return tmp_path / "tree"


def look(place: Path, scope: Scope) -> dict[str, Observed]:
    root = Root(name="tree", scope=scope, mutable=())
    listed = {"tree": ["inner/module.py"]} if scope is Scope.LISTED else {}
    seen = look_at_roots({"tree": place}, (root,), listed, clock_ms=lambda: 0)
    return {path: each for (_, path), each in seen.files.items()}


@needs_fuse
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("user", [0, 1000])
def test_what_a_users_program_answers_is_trouble_though_to_us_it_looks_as_sealed(tree: Path, scope: Scope, user: int):
    shown, evil = tree.parent / "shown", tree.parent / "evil"
    with answering(shown, tree, changed="inner/module.py", content=evil, programs=CAT, user=user):
        ours = (shown / "inner/module.py").read_bytes()
        theirs = subprocess.run([CAT, shown / "inner/module.py"], check=True, capture_output=True).stdout
        seen = look(shown, scope)
    assert (ours, theirs) == (b"good\n", b"evil, and longer\n")
    if user == 0:
        assert seen["inner/module.py"].sha256 == sha256_hex(ours)
        return
    assert {path: each.trouble and each.trouble.kind for path, each in seen.items()} == {".": FindingKind.MOUNT}
    [trouble] = [each.trouble for each in seen.values()]
    assert trouble is not None
    assert trouble.detail == "a file system for which a program answers (FUSE), user 1000's"


def test_what_the_kernel_answers_for_is_no_trouble(tree: Path):
    assert look(tree, Scope.EXACT)["inner/module.py"].trouble is None
