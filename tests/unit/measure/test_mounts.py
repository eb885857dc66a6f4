"""What is mounted below a root is found and never walked into, with openat2 and without."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from attest.appraisal.files import compare_files
from attest.appraisal.state import STATE_OF
from attest.measure import kernel, opening
from attest.measure.kernel import AT_FDCWD, IN_ROOT, INSIDE, has_openat2, mount_of, openat2
from attest.measure.opening import open_directory, open_inside
from attest.measure.tree import look_at_roots
from attest.statement.findings import FindingKind
from attest.statement.levels import Origin
from attest.statement.manifest import Entry, FileKind, Root, Scope
from attest.statement.observation import Observation
from attest.statement.states import State
from tests.mounts import mounted


@pytest.fixture(params=["openat2", "names"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to open what lies in a directory."""
    wanted: str = request.param
    if wanted == "names":
        monkeypatch.setattr(opening, "has_openat2", lambda: False)
    elif not has_openat2():
        pytest.skip("this kernel has no openat2")
    return wanted


def look(place: Path, *, mutable: tuple[str, ...] = ()) -> Observation:
    root = Root(name="tree", scope=Scope.EXACT, mutable=mutable)
    return look_at_roots({"tree": place}, (root,), {}, clock_ms=lambda: 0)


def look_listed(place: str, path: str) -> Observation:
    root = Root(name="some", scope=Scope.LISTED, mutable=())
    return look_at_roots({"some": place}, (root,), {"some": (path,)}, clock_ms=lambda: 0)


def kinds(observation: Observation) -> dict[str, FindingKind | None]:
    return {path: seen.trouble.kind if seen.trouble else None for (_, path), seen in observation.files.items()}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a package of two files, and an equal copy of it elsewhere."""
    for folder in ("tree", "copy"):
        package = tmp_path / folder / "pkg"
        package.mkdir(parents=True)
        (package / "module.py").write_bytes(b"x = 1\n")
    (tmp_path / "tree/main.py").write_bytes(b"")
    return tmp_path / "tree"


def test_a_directory_of_the_same_file_system_mounted_over_a_part_is_found(tree: Path) -> None:
    with mounted("--bind", tree.parent / "copy/pkg", tree / "pkg"):
        assert kinds(look(tree)) == {"main.py": None, "pkg": FindingKind.MOUNT}
    assert kinds(look(tree)) == {"main.py": None, "pkg/module.py": None}


def test_another_file_system_mounted_over_a_part_is_found(tree: Path) -> None:
    with mounted("-t", "tmpfs", "none", tree / "pkg"):
        assert kinds(look(tree)) == {"main.py": None, "pkg": FindingKind.MOUNT}


def test_a_file_mounted_over_a_file_is_found(tree: Path) -> None:
    with mounted("--bind", tree.parent / "copy/pkg/module.py", tree / "main.py"):
        assert kinds(look(tree)) == {"main.py": FindingKind.MOUNT, "pkg/module.py": None}


def test_a_mount_is_drift_and_what_it_covers_is_not_called_missing(tree: Path) -> None:
    sealed = look(tree).files["tree", "pkg/module.py"]
    entry = Entry(
        root="tree",
        path=sealed.path,
        type_=FileKind.FILE,
        size=sealed.size,
        executable=False,
        sha256=sealed.sha256,
        origin=Origin.SITE,
    )
    (tree / "main.py").unlink()
    roots = (Root(name="tree", scope=Scope.EXACT, mutable=()),)
    assert compare_files(roots, {sealed.key: entry}, look(tree), {}) == ()
    with mounted("--bind", tree.parent / "copy/pkg", tree / "pkg"):
        (finding,) = compare_files(roots, {sealed.key: entry}, look(tree), {})
    assert (finding.kind, finding.where) == (FindingKind.MOUNT, "tree/pkg")
    assert STATE_OF[finding.kind] is State.DRIFT


def test_a_mutable_directory_may_be_a_mount(tree: Path) -> None:
    with mounted("-t", "tmpfs", "none", tree / "pkg"):
        assert kinds(look(tree, mutable=("pkg",))) == {"main.py": None}


def test_a_root_may_be_a_mount(tree: Path) -> None:
    with mounted("--bind", tree.parent / "copy", tree):
        assert kinds(look(tree)) == {"pkg/module.py": None}


def test_an_overlay_is_looked_at_like_any_file_system(tree: Path, tmp_path: Path) -> None:
    for folder in ("upper", "work", "merged"):
        (tmp_path / folder).mkdir()
    layers = f"lowerdir={tree},upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    with mounted("-t", "overlay", "none", "-o", layers, tmp_path / "merged") as merged:
        (merged / "new.py").write_bytes(b"new")
        assert kinds(look(merged)) == {"main.py": None, "new.py": None, "pkg/module.py": None}


def test_below_a_listed_root_too_but_not_on_the_way_from_the_top(tree: Path) -> None:
    with mounted("--bind", tree.parent / "copy/pkg", tree / "pkg"):
        assert kinds(look_listed(str(tree), "pkg/module.py")) == {"pkg/module.py": FindingKind.MOUNT}
        path = str(tree / "pkg/module.py").lstrip("/")
        assert kinds(look_listed("/", path)) == {path: None}


def test_a_link_is_not_opened(tree: Path) -> None:
    (tree / "link").symlink_to("pkg")
    (tree / "file").symlink_to("main.py")
    directory = open_directory(str(tree))
    try:
        for name, flags in (("link", os.O_DIRECTORY), ("file", 0), ("link", os.O_PATH | os.O_DIRECTORY)):
            with pytest.raises(OSError) as caught:  # noqa: PT011  (the number is asked for below)
                open_inside(directory, name, os.O_RDONLY | os.O_NOFOLLOW | flags)
            assert caught.value.errno in {errno.ELOOP, errno.ENOTDIR}
    finally:
        os.close(directory)


@pytest.mark.skipif(not has_openat2(), reason="this kernel has no openat2")
def test_nothing_leads_out_of_a_directory(tree: Path) -> None:
    (tree / "out").symlink_to("/etc")
    directory = open_directory(str(tree))
    try:
        for path, number in (("../copy", errno.EXDEV), ("/etc", errno.EXDEV), ("out/passwd", errno.ELOOP)):
            with pytest.raises(OSError) as caught:  # noqa: PT011
                openat2(directory, path, os.O_RDONLY, INSIDE)
            assert caught.value.errno == number
        with pytest.raises(FileNotFoundError):
            openat2(directory, "out/passwd", os.O_RDONLY, IN_ROOT)
    finally:
        os.close(directory)


def test_a_kernel_that_refuses_the_call_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSYS, "no such call")

    monkeypatch.setattr(kernel, "openat2", refuse)
    has_openat2.cache_clear()
    assert not has_openat2()
    has_openat2.cache_clear()
    monkeypatch.undo()
    if has_openat2():
        os.close(openat2(AT_FDCWD, "/", os.O_RDONLY | os.O_DIRECTORY, 0))


def test_a_mount_is_known_by_procfs_where_statx_does_not_tell(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mounted("--bind", tree.parent / "copy/pkg", tree / "pkg"):
        descriptors = [os.open(place, os.O_RDONLY) for place in (tree, tree / "main.py", tree / "pkg")]
        try:
            for hidden in ((), ("_mount_id",)):
                for name in hidden:
                    monkeypatch.setattr(kernel, name, lambda _: None)
                here, beside, over = (mount_of(each) for each in descriptors)
                assert here == beside != over
            monkeypatch.setattr(kernel, "_mount_id_of_procfs", lambda _: None)
            assert mount_of(descriptors[0]) == ("device", tree.stat().st_dev)
        finally:
            for each in descriptors:
                os.close(each)
