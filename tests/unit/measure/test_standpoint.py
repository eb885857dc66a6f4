"""A tree is looked at as its process sees it, and never as somebody else does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.measure import opening, standpoint
from attest.measure.kernel import has_openat2
from attest.measure.process import open_process
from attest.measure.standpoint import OURS, Standpoint, standing_at
from attest.measure.tree import look_at_roots
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Observation
from tests.mounts import process_that_sees
from tests.processes import python
from tests.unprivileged import unprivileged

GOOD, EVIL = b"good", b"evil"


@pytest.fixture(params=["openat2", "names"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With openat2 and without."""
    wanted: str = request.param
    if wanted == "names":
        for module in (opening, standpoint):
            monkeypatch.setattr(module, "has_openat2", lambda: False)
    elif not has_openat2():
        pytest.skip("this kernel has no openat2")
    return wanted


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    """The folder of a tree and of an evil one."""
    for name, octets in (("tree", GOOD), ("evil", EVIL)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "server.py").write_bytes(octets)
    return tmp_path


@contextmanager
def standing_at_pid(pid: int) -> Iterator[Standpoint]:
    with open_process(pid) as handle, standing_at(handle) as found:
        yield found


def look(place: Path, found: Standpoint) -> Observation:
    root = Root(name="tree", scope=Scope.EXACT, mutable=())
    return look_at_roots({"tree": place}, (root,), {}, clock_ms=lambda: 0, standpoint=found)


def digest(observation: Observation) -> str | None:
    return observation.files["tree", "server.py"].sha256


def trouble(observation: Observation) -> tuple[FindingKind, str]:
    (seen,) = observation.files.values()
    assert seen.trouble is not None
    assert seen.path == "."
    return seen.trouble.kind, seen.trouble.detail


def test_what_is_mounted_for_the_process_alone_is_what_is_seen(trees: Path) -> None:
    with process_that_sees('mount --bind "$1" "$2"', trees / "evil", trees / "tree") as pid:
        assert digest(look(trees / "tree", OURS)) == hashlib.sha256(GOOD).hexdigest()
        with standing_at_pid(pid) as found:
            assert digest(look(trees / "tree", found)) == hashlib.sha256(EVIL).hexdigest()
            assert (Path(found.prefix + str(trees / "tree")) / "server.py").read_bytes() == EVIL


def test_a_link_on_the_way_leads_where_it_leads_the_process(trees: Path, way: str) -> None:
    (trees / "way").mkdir()
    (trees / "way/link").symlink_to(trees)
    with (
        process_that_sees('mount --bind "$1" "$2"', trees / "evil", trees / "tree") as pid,
        standing_at_pid(pid) as found,
    ):
        seen = look(trees / "way/link/tree", found)
    if way == "openat2":
        assert digest(seen) == hashlib.sha256(EVIL).hexdigest()
    else:
        assert trouble(seen)[0] is FindingKind.UNREADABLE


def test_the_process_has_another_root_directory(trees: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("chroot takes root")
    inner = trees / "root" / str(trees / "tree").lstrip("/")
    inner.mkdir(parents=True)
    (inner / "server.py").write_bytes(EVIL)
    with process_that_sees("true") as pid, open_process(pid) as handle:
        # Its root, as if it had called chroot(2).
        root = os.open(trees / "root", os.O_PATH)
        found = Standpoint(root=root, prefix=str(trees / "root"))
        assert digest(look(trees / "tree", found)) == hashlib.sha256(EVIL).hexdigest()
        os.close(root)
        assert handle.pid == pid


def test_a_process_that_sees_what_we_see_needs_no_way_round(trees: Path) -> None:
    with python("") as child, standing_at_pid(os.getpid()) as found, standing_at_pid(child.pid) as other:
        assert found.prefix == ""
        assert found.view == other.view
        assert digest(look(trees / "tree", found)) == hashlib.sha256(GOOD).hexdigest()


def test_two_namespaces_are_two_views(trees: Path) -> None:
    with process_that_sees("true") as one, standing_at_pid(one) as here, standing_at_pid(os.getpid()) as there:
        assert here.view != there.view


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_root_that_is_a_link_is_trouble_there_too(trees: Path, ending: str) -> None:
    (trees / "link").symlink_to("evil")
    root = Root(name="tree", scope=Scope.EXACT, mutable=())
    places = {"tree": f"{trees}/link{ending}"}
    with process_that_sees("true") as pid, standing_at_pid(pid) as found:
        seen = look_at_roots(places, (root,), {}, clock_ms=lambda: 0, standpoint=found)
        assert trouble(seen) == (FindingKind.TYPE, "a link")
        assert trouble(look(trees / "none", found))[0] is FindingKind.MISSING


def test_without_access_the_tree_is_unreachable_and_not_ours(trees: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("a process of another user takes root to make")
    with open_process(os.getppid()) as handle, unprivileged(), standing_at(handle) as found:
        seen = look(trees / "tree", found)
    assert trouble(seen) == (FindingKind.UNREACHABLE, "Permission denied")


def test_a_process_that_has_ended_cannot_be_stood_at(trees: Path) -> None:
    with process_that_sees("true") as pid:
        handle = open_process(pid)
    with handle, standing_at(handle) as found:
        assert trouble(look(trees / "tree", found))[0] is FindingKind.UNREACHABLE


def test_a_number_that_became_another_process_is_not_believed(trees: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_process(os.getpid()) as handle:
        monkeypatch.setattr(standpoint, "wait_exit", lambda *_: True)
        with standing_at(handle) as found:
            seen = look(trees / "tree", found)
    assert trouble(seen) == (FindingKind.UNREACHABLE, "the process has ended")


def test_no_descriptor_is_left_open(trees: Path) -> None:
    def count() -> int:
        with standing_at_pid(os.getpid()) as found:
            look(trees / "tree", found)
            look(trees / "none", found)
        return len([*Path("/proc/self/fd").iterdir()])

    assert count() == count()
