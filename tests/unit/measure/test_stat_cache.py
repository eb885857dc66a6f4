"""A digest is used again only while nothing can have changed the file; each way to deceive the cache fails."""

from __future__ import annotations

import hashlib
import mmap
import os
import signal
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from attest.measure import stat_cache
from attest.measure.file_systems import is_approved, layers_of
from attest.measure.leasing import ignore_lease_breaks
from attest.measure.opening import SMALL_BYTES, open_directory
from attest.measure.standpoint import OURS, Standpoint
from attest.measure.stat_cache import Caches, StatCache, read_mountinfo
from attest.measure.tree import look_at_roots
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Observation
from tests.mounts import mounted

SCRUB, CYCLE = 600, 10


class World:
    """A tree, a cache of it, and the clocks that the cache is told."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.boot_ms = 1_000_000
        self.ahead_ms = 1_790_000_000_000
        self.cache = StatCache(
            SCRUB, CYCLE, boot_ms=lambda: self.boot_ms, real_ns=lambda: (self.boot_ms + self.ahead_ms) * 1_000_000
        )

    def put(self, name: str, octets: bytes = b"content") -> Path:
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
        return path

    def look(self, *, scope: Scope = Scope.EXACT, listed: tuple[str, ...] = ()) -> Observation:
        """Look, a cycle after the last time."""
        self.boot_ms += CYCLE * 1000
        root = Root(name="tree", scope=scope, mutable=())
        standpoint = replace(OURS, cache=self.cache)
        places, wanted = {"tree": self.place}, {"tree": listed}
        return look_at_roots(places, (root,), wanted, clock_ms=lambda: 0, standpoint=standpoint)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """In an agent, a second after the files were written."""
    before, real = signal.getsignal(signal.SIGIO), time.time_ns
    ignore_lease_breaks()
    monkeypatch.setattr(time, "time_ns", lambda: real() + 1_000_000_000)
    (tmp_path / "tree").mkdir()
    yield World(tmp_path / "tree")
    signal.signal(signal.SIGIO, before)


@pytest.fixture
def trusted(world: World) -> World:
    """Where files are remembered at all."""
    directory = open_directory(str(world.place))
    approved = is_approved(directory, read_mountinfo("self") or b"")
    os.close(directory)
    if not approved:
        pytest.skip("temporary files lie in a file system whose ctime is not trusted")
    return world


def digest_of(observation: Observation, path: str) -> str | None:
    return observation.files["tree", path].sha256


def sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def test_what_did_not_change_is_not_read_again_and_reported_as_before(trusted: World) -> None:
    sizes = {"tiny": 10, "pkg/small": 50_000, "pkg/large": SMALL_BYTES + 1, "pkg/deep/er": 7}
    for name, size in sizes.items():
        trusted.put(name, os.urandom(size))
    (trusted.place / "link").symlink_to("tiny")
    first, second = trusted.look(), trusted.look()
    assert first.files == second.files
    assert (first.cached, second.cached) == (0, len(sizes))
    assert (first.oldest_hash_age_ms, second.oldest_hash_age_ms) == (0, CYCLE * 1000)


def test_listed_files_are_remembered_too(trusted: World) -> None:
    trusted.put("bin/server")
    trusted.put("lib/other")
    wanted = ("bin/server", "lib/other", "lib/none")
    looks = [trusted.look(scope=Scope.LISTED, listed=wanted) for _ in range(2)]
    assert [each.cached for each in looks] == [0, 2]
    assert looks[0].files == looks[1].files


def test_content_with_its_old_size_and_mtime_is_read(trusted: World) -> None:
    path = trusted.put("file", b"good")
    trusted.look()
    status = path.stat()
    path.write_bytes(b"evil")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    seen = trusted.look()
    assert (digest_of(seen, "file"), seen.cached) == (sha256(b"evil"), 0)


def test_another_file_in_its_place_is_read(trusted: World) -> None:
    trusted.put("file", b"good")
    trusted.look()
    trusted.put("evil", b"evil").rename(trusted.place / "file")
    assert digest_of(trusted.look(), "file") == sha256(b"evil")


def test_two_files_that_change_places_are_not_taken_for_each_other(trusted: World) -> None:
    first, second = trusted.put("one", b"1"), trusted.put("two", b"2")
    trusted.look()
    first.rename(trusted.place / "tmp")
    second.rename(first)
    (trusted.place / "tmp").rename(second)
    seen = trusted.look()
    assert (digest_of(seen, "one"), digest_of(seen, "two")) == (sha256(b"2"), sha256(b"1"))


def test_a_changed_mode_is_seen(trusted: World) -> None:
    path = trusted.put("file")
    trusted.look()
    path.chmod(0o755)
    assert trusted.look().files["tree", "file"].executable


def test_files_come_and_go(trusted: World) -> None:
    for name in "bdf":
        trusted.put(name)
    trusted.put("gone/file")
    trusted.look()
    (trusted.place / "gone/file").unlink()
    (trusted.place / "gone").rmdir()
    for name in "aceg":
        trusted.put(name)
    (trusted.place / "d").unlink()
    seen = trusted.look()
    assert {path for _, path in seen.files} == set("abcefg")
    assert seen.cached == 2
    assert ("gone") not in {folder for _, folder in trusted.cache._folders}


def test_a_store_to_a_page_that_is_mapped_already_is_no_secret(trusted: World) -> None:
    path = trusted.put("file", b"good".ljust(mmap.PAGESIZE))
    trusted.look()
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        file.close()
        mapped[0:4] = b"good"
        before = path.stat()
        looks = [trusted.look()]
        mapped[0:4] = b"evil"
        assert path.stat() == before, "the store shows in nothing that stat tells"
        looks.append(trusted.look())
        kinds = [each.files["tree", "file"].trouble for each in looks]
        assert all(each is not None and each.kind is FindingKind.UNSTABLE for each in kinds)
    seen = trusted.look()
    assert (digest_of(seen, "file"), seen.cached) == (sha256(b"evil".ljust(mmap.PAGESIZE)), 0)


def test_a_file_that_a_stalled_writer_holds_open_is_never_remembered(trusted: World) -> None:
    """Its ctime was set when `write` began, and the bytes come later; until then it is open for writing."""
    path = trusted.put("file", b"good")
    with path.open("r+b", buffering=0) as stalled:
        for _ in range(2):
            trouble = trusted.look().files["tree", "file"].trouble
            assert trouble is not None
            assert trouble.kind is FindingKind.UNSTABLE
        stalled.write(b"evil")
    seen = trusted.look()
    assert (digest_of(seen, "file"), seen.cached) == (sha256(b"evil"), 0)


def test_without_a_lease_nothing_is_remembered(trusted: World) -> None:
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    trusted.put("file")
    trusted.put("large", b"A" * (SMALL_BYTES + 1))
    assert [trusted.look().cached for _ in range(3)] == [0, 0, 0]


def test_a_file_that_changed_within_two_ticks_is_not_remembered(
    trusted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = trusted.put("file").stat()
    tick = trusted.cache._tick_ns
    assert tick >= 2_000_000
    monkeypatch.setattr(time, "time_ns", lambda: status.st_ctime_ns + tick)
    assert [trusted.look().cached for _ in range(2)] == [0, 0]
    monkeypatch.setattr(time, "time_ns", lambda: status.st_ctime_ns + tick + 1)
    assert [trusted.look().cached for _ in range(2)] == [0, 1]


@pytest.mark.parametrize("step", [-3_600_000, -10, 10])
def test_a_step_of_the_clock_forgets_everything(trusted: World, step: int) -> None:
    trusted.put("file")
    trusted.look()
    assert trusted.look().cached == 1
    trusted.ahead_ms += step
    assert [trusted.look().cached for _ in range(2)] == [0, 1]


def test_clocks_that_cannot_be_compared_remember_nothing(trusted: World) -> None:
    trusted.put("file")
    trusted.look()
    ticking = iter(range(trusted.boot_ms, trusted.boot_ms + 10_000_000, 7))
    trusted.cache._boot_ms = lambda: next(ticking)
    assert [trusted.look().cached for _ in range(2)] == [0, 0]


def test_a_new_mount_forgets_everything(trusted: World, tmp_path: Path) -> None:
    trusted.put("file")
    (tmp_path / "elsewhere").mkdir()
    trusted.look()
    with mounted("-t", "tmpfs", "none", tmp_path / "elsewhere"):
        assert [trusted.look().cached for _ in range(2)] == [0, 1]


def test_a_file_mounted_over_a_remembered_one_is_found(trusted: World, tmp_path: Path) -> None:
    path = trusted.put("file")
    (tmp_path / "same").hardlink_to(path)
    trusted.look()
    with mounted("--bind", tmp_path / "same", path):
        trouble = trusted.look().files["tree", "file"].trouble
        assert trouble is not None
        assert trouble.kind is FindingKind.MOUNT


def test_in_a_file_system_that_is_not_approved_nothing_is_remembered(world: World, tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    with mounted("-t", "tmpfs", "none", tmp_path / "memory") as memory:
        world.place = memory
        world.put("file")
        assert [world.look().cached for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("upper", ["approved", "tmpfs"])
def test_an_overlay_is_as_good_as_its_layers(trusted: World, tmp_path: Path, upper: str) -> None:
    trusted.put("file")
    (tmp_path / "layers").mkdir()
    (tmp_path / "merged").mkdir()
    with mounted("-t", "tmpfs", "none", tmp_path / "layers") as memory:
        layers = memory if upper == "tmpfs" else tmp_path
        (layers / "upper").mkdir()
        (layers / "work").mkdir()
        options = f"lowerdir={trusted.place},upperdir={layers}/upper,workdir={layers}/work"
        with mounted("-t", "overlay", "none", "-o", options, tmp_path / "merged") as merged:
            trusted.place = merged
            assert [trusted.look().cached for _ in range(2)] == [0, 1 if upper == "approved" else 0]


def test_layers_are_read_from_the_line_of_the_mount() -> None:
    lines = (
        b"30 1 0:5 / / rw - ext4 /dev/vda rw\n"
        b"41 30 0:41 / /m rw,relatime shared:1 - overlay none rw,lowerdir=/b:/a,upperdir=/u,workdir=/w\n"
        b"42 30 0:42 / /n rw - overlay none rw,lowerdir+=/c,lowerdir+=/d\n"
        b"43 30 0:43 / /o rw - overlay none rw,lowerdir=/with\\134:colon\n"
        b"44 30 0:44 / /p rw - overlay none rw,lowerdir=relative\n"
    )
    assert layers_of(lines, 41) == (b"/b", b"/a", b"/u")
    assert layers_of(lines, 42) == (b"/c", b"/d")
    assert [layers_of(lines, mount) for mount in (4, 30, 43, 44, 45)] == [(), (), (), (), ()]


def test_everything_is_read_within_the_scrub_time_and_not_all_at_once(trusted: World) -> None:
    count = 244
    for number in range(count):
        trusted.put(f"{number % 4}/{number}")
    trusted.look()
    read: list[int] = []
    for _ in range(3 * SCRUB // CYCLE):
        seen = trusted.look()
        read.append(count - seen.cached)
        assert seen.oldest_hash_age_ms <= (SCRUB - 2 * CYCLE) * 1000
    whole = SCRUB // CYCLE
    assert sum(read[-whole:]) >= count, "everything is read at least once"
    assert max(read) <= 5 * count // whole + 1, "no cycle reads more than its share"
    assert sum(read) < 4 * count, "and nothing much more often"


def test_what_is_kept_is_small() -> None:
    cache = StatCache(SCRUB, CYCLE)
    status = Path(__file__).stat()
    names = [f"some_module_{number}.py" for number in range(10_000)]
    cache.begin(b"mounts")
    tracemalloc.start()
    cache.enter("/place", "", approved=True)
    for name in names:
        cache.slot(name).store(status, hashlib.sha256(b"").digest(), time.time_ns())
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 130 * len(names), "beside the names"
    assert cache.end() == (0, 0)


def test_each_view_has_a_cache_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    caches = Caches(SCRUB, CYCLE)
    assert caches.at(("one",)) is caches.at(("one",))
    assert caches.at(("one",)) is not caches.at(("two",))
    monkeypatch.setattr(stat_cache, "MAX_VIEWS", 2)
    before = caches.at(("one",))
    caches.at(("three",))
    assert caches.at(("one",)) is not before


def test_a_process_whose_mounts_nobody_shows_has_no_cache(trusted: World) -> None:
    trusted.put("file")
    standpoint = Standpoint(cache=trusted.cache, process="none")
    root = Root(name="tree", scope=Scope.EXACT, mutable=())
    for _ in range(2):
        seen = look_at_roots({"tree": trusted.place}, (root,), {}, clock_ms=lambda: 0, standpoint=standpoint)
        assert seen.cached == 0
