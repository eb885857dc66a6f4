"""A look at roots reports every file as it is, and everything that stands in its way."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.paths import check_relative
from attest.errors import MalformedError
from attest.measure import walk
from attest.measure.crew import Crew
from attest.measure.hashing import BUFFER_BYTES
from attest.measure.opening import SMALL_BYTES, Name, Sight, digest_plain, look_at, open_directory
from attest.measure.tree import look_at_roots
from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind, Root, Scope
from attest.statement.observation import Observation, Observed
from tests.unprivileged import NOBODY, open_folder, unprivileged


def look(place: Path, *, mutable: tuple[str, ...] = ()) -> Observation:
    root = Root(name="tree", scope=Scope.EXACT, mutable=mutable)
    return look_at_roots({"tree": place}, (root,), {}, clock_ms=iter((1, 2)).__next__)


def look_listed(place: Path, paths: Iterable[str]) -> Observation:
    root = Root(name="prefix", scope=Scope.LISTED, mutable=())
    return look_at_roots({"prefix": place}, (root,), {"prefix": paths}, clock_ms=lambda: 0)


def paths(observation: Observation) -> set[str]:
    return {path for _, path in observation.files}


def trouble(observation: Observation, path: str, root: str = "tree") -> tuple[FindingKind, str]:
    found = observation.files[root, path].trouble
    assert found is not None
    return found.kind, found.detail


def put(path: Path, octets: bytes = b"content") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return path


def look_as_if(place: Path, name: str, sight: Sight) -> Observed | None:
    directory = open_directory(str(place))
    try:
        return look_at(directory, "tree", Name(name, name, sight))
    finally:
        os.close(directory)


def test_a_file_is_reported_with_digest_size_and_executable_bit(tmp_path: Path) -> None:
    put(tmp_path / "pkg/module.py", b"x = 1\n")
    put(tmp_path / "bin/server").chmod(0o700)
    observation = look(tmp_path)
    status = (tmp_path / "pkg/module.py").stat()
    assert observation.files["tree", "pkg/module.py"] == Observed(
        root="tree",
        path="pkg/module.py",
        type_=FileKind.FILE,
        size=6,
        sha256=hashlib.sha256(b"x = 1\n").hexdigest(),
        executable=False,
        device=status.st_dev,
        inode=status.st_ino,
    )
    assert observation.files["tree", "bin/server"].executable
    assert (observation.started_at, observation.finished_at) == (1, 2)
    assert observation.places == {"tree": str(tmp_path)}


def test_files_of_every_size_have_the_digest_of_their_bytes(tmp_path: Path) -> None:
    sizes = (0, BUFFER_BYTES, BUFFER_BYTES + 1, SMALL_BYTES, SMALL_BYTES + 1, 3 * SMALL_BYTES)
    contents = {f"lib{size}-{number}.so": os.urandom(size) for size in sizes for number in range(8)}
    for name, octets in contents.items():
        put(tmp_path / name, octets)
    digests = {path: seen.sha256 for (_, path), seen in look(tmp_path).files.items()}
    assert digests == {name: hashlib.sha256(octets).hexdigest() for name, octets in contents.items()}


@pytest.mark.parametrize("size", [0, BUFFER_BYTES, BUFFER_BYTES + 1, SMALL_BYTES, SMALL_BYTES + 1])
def test_a_file_that_is_alone_is_not_left_waiting_for_others(tmp_path: Path, size: int) -> None:
    put(tmp_path / "alone", b"A" * size)
    assert look(tmp_path).files["tree", "alone"].sha256 == hashlib.sha256(b"A" * size).hexdigest()


def test_an_empty_directory_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "empty/inner").mkdir(parents=True)
    assert look(tmp_path).files == {}


def test_a_link_is_reported_and_never_followed(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside/secret.py").parent
    tree = put(tmp_path / "tree/kept.py").parent
    (tree / "folder").symlink_to(outside)
    (tree / "dangling").symlink_to("../nowhere")
    observation = look(tree)
    assert paths(observation) == {"kept.py", "folder", "dangling"}
    assert observation.files["tree", "folder"].target == str(outside)
    assert observation.files["tree", "dangling"].target == "../nowhere"
    assert observation.files["tree", "dangling"].type_ is FileKind.LINK


def test_a_mutable_directory_is_left_out_but_nothing_beside_it(tmp_path: Path) -> None:
    put(tmp_path / "var/cache/data")
    put(tmp_path / "var/cache2/data")
    put(tmp_path / "cache/data")
    assert paths(look(tmp_path, mutable=("var/cache",))) == {"var/cache2/data", "cache/data"}


def test_what_stands_in_place_of_a_mutable_directory_is_reported(tmp_path: Path) -> None:
    (tmp_path / "cache").symlink_to("/usr")
    put(tmp_path / "state")
    assert paths(look(tmp_path, mutable=("cache", "state"))) == {"cache", "state"}


@pytest.mark.parametrize("ending", ["", "/", "//"])
def test_a_root_that_is_a_link_is_trouble(tmp_path: Path, ending: str) -> None:
    put(tmp_path / "real/file")
    (tmp_path / "root").symlink_to("real")
    root = Root(name="tree", scope=Scope.EXACT, mutable=())
    place = f"{tmp_path}/root{ending}"
    observation = look_at_roots({"tree": place}, (root,), {}, clock_ms=lambda: 0)
    assert paths(observation) == {"."}
    assert trouble(observation, ".") == (FindingKind.TYPE, "a link")


def test_a_root_that_is_missing_or_a_file_or_has_no_place_is_trouble(tmp_path: Path) -> None:
    assert trouble(look(tmp_path / "none"), ".")[0] is FindingKind.MISSING
    assert trouble(look(put(tmp_path / "file")), ".") == (FindingKind.TYPE, "no directory")
    root = Root(name="tree", scope=Scope.EXACT, mutable=())
    nowhere = look_at_roots({}, (root,), {}, clock_ms=lambda: 0)
    assert trouble(nowhere, ".")[0] is FindingKind.MISSING


def test_special_files_are_reported_and_hold_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        directory = os.open(tmp_path, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{directory}/socket")
        os.close(directory)
        observation = look(tmp_path)
        listed = look_listed(tmp_path, ("fifo", "socket"))
    assert paths(observation) == paths(listed) == {"fifo", "socket"}
    assert all(seen.type_ is None and seen.trouble is None for seen in observation.files.values())
    assert all(seen.type_ is None and seen.trouble is None for seen in listed.files.values())


def test_a_fifo_that_took_the_place_of_a_file_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file")
    fifo = Observed(root="tree", path="file", type_=None)
    assert look_as_if(tmp_path, "file", Sight.FILE) == fifo
    directory = open_directory(str(tmp_path))
    assert digest_plain(directory, "file") is None
    os.close(directory)


def test_a_link_that_took_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "secret")
    (tmp_path / "file").symlink_to("secret")
    seen = look_as_if(tmp_path, "file", Sight.FILE)
    assert seen is not None
    assert (seen.type_, seen.target, seen.sha256) == (FileKind.LINK, "secret", None)


def test_what_took_the_place_of_a_link_or_a_device_is_read(tmp_path: Path) -> None:
    put(tmp_path / "file")
    for sight in (Sight.LINK, Sight.OTHER):
        seen = look_as_if(tmp_path, "file", sight)
        assert seen is not None
        assert seen.sha256 == hashlib.sha256(b"content").hexdigest()


def test_what_went_before_it_was_opened_is_not_reported(tmp_path: Path) -> None:
    assert all(look_as_if(tmp_path, "gone", sight) is None for sight in Sight)


def test_a_setuid_or_setgid_bit_is_reported(tmp_path: Path) -> None:
    for name, bit in (("user", stat.S_ISUID), ("group", stat.S_ISGID)):
        put(tmp_path / name).chmod(0o755 | bit)
    assert all(seen.special for seen in look(tmp_path).files.values())


def test_a_file_that_cannot_be_read_is_trouble_and_not_absent() -> None:
    with open_folder() as place:
        put(place / "file").chmod(0)
        put(place / "folder/inner")
        (place / "folder").chmod(0)
        put(place / "kept")
        with unprivileged():
            observation = look(place)
        (place / "folder").chmod(0o700)
    assert trouble(observation, "file") == (FindingKind.UNREADABLE, "Permission denied")
    assert trouble(observation, "folder") == (FindingKind.UNREADABLE, "Permission denied")
    assert paths(observation) == {"file", "folder", "kept"}


def test_a_root_that_cannot_be_read_is_trouble() -> None:
    with open_folder() as place:
        put(place / "root/file")
        (place / "root").chmod(0)
        with unprivileged():
            observation = look(place / "root")
        (place / "root").chmod(0o700)
    assert trouble(observation, ".") == (FindingKind.UNREADABLE, "Permission denied")


def test_a_listed_file_is_found_in_a_folder_that_may_not_be_listed() -> None:
    with open_folder() as place:
        put(place / "bin/server").chmod(0o755)
        (place / "bin").chmod(0o711)
        if os.geteuid() == 0:
            os.chown(place, NOBODY, NOBODY)
        with unprivileged():
            observation = look_listed(place, ("bin/server",))
        if os.geteuid() == 0:
            os.chown(place, 0, 0)
    assert observation.files["prefix", "bin/server"].sha256 is not None


def change_on_read(monkeypatch: pytest.MonkeyPatch, path: Path, times: int) -> None:
    """Let the file become longer right after each of the first readings."""
    read, readv, left = os.read, os.readv, iter(range(times))

    def change() -> None:
        if next(left, None) is not None:
            with path.open("ab") as file:
                file.write(b"!")

    def read_and_change(descriptor: int, length: int) -> bytes:
        octets = read(descriptor, length)
        change()
        return octets

    def readv_and_change(descriptor: int, buffers: tuple[memoryview, ...]) -> int:
        count = readv(descriptor, buffers)
        change()
        return count

    monkeypatch.setattr(os, "read", read_and_change)
    monkeypatch.setattr(os, "readv", readv_and_change)


def test_a_file_that_changes_thrice_is_read_a_fourth_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "file")
    change_on_read(monkeypatch, path, 3)
    seen = look(tmp_path).files["tree", "file"]
    assert seen.sha256 == hashlib.sha256(b"content!!!").hexdigest()


@pytest.mark.parametrize("size", [7, 50_000, 300_000])
def test_a_file_that_never_rests_is_unstable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    path = put(tmp_path / "file", b"A" * size)
    change_on_read(monkeypatch, path, 100)
    assert trouble(look(tmp_path), "file") == (FindingKind.UNSTABLE, "changed in 4 readings")


@pytest.mark.parametrize("name", [b"\xff.py", b"a\\b", b"line\nend", b"esc\x1b[2J", b"del\x7f"])
def test_a_name_that_no_document_holds_is_trouble(tmp_path: Path, name: bytes) -> None:
    put(tmp_path / "kept.py")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"")
    observation = look(tmp_path)
    (path,) = paths(observation) - {"kept.py"}
    assert trouble(observation, path)[0] is FindingKind.NAME
    assert path.isprintable()
    with pytest.raises(MalformedError):
        check_relative(path, where="path")


def test_a_directory_with_such_a_name_is_reported_once_and_not_entered(tmp_path: Path) -> None:
    put(tmp_path / "a\\b" / "inner")
    observation = look(tmp_path)
    assert paths(observation) == {"a\\\\b"}


@given(
    names=st.sets(
        st.binary(min_size=1, max_size=12).filter(
            lambda name: b"/" not in name and b"\0" not in name and name not in {b".", b".."}
        ),
        max_size=8,
    )
)
def test_no_two_names_are_reported_as_one(tmp_path_factory: pytest.TempPathFactory, names: set[bytes]) -> None:
    place = tmp_path_factory.mktemp("names")
    for name in names:
        Path(os.fsdecode(os.fsencode(place) + b"/" + name)).write_bytes(name)
    assert len(look(place).files) == len(names)


def test_a_path_that_is_too_long_is_trouble(tmp_path: Path) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=directory)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = inner
    os.close(directory)
    observation = look(tmp_path)
    (path,) = paths(observation)
    assert trouble(observation, path)[0] is FindingKind.NAME
    assert len(path) < 300


def test_what_is_too_deep_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_DEPTH", 3)
    put(tmp_path / "1/2/3/file")
    put(tmp_path / "1/2/3/4/file")
    observation = look(tmp_path)
    assert paths(observation) == {"1/2/3/file", "1/2/3/4"}
    assert trouble(observation, "1/2/3/4")[0] is FindingKind.UNREADABLE


def test_a_tree_with_too_many_files_is_trouble(tmp_path: Path) -> None:
    for number in range(6):
        put(tmp_path / f"{number}")
    root = Root(name="tree", scope=Scope.EXACT, mutable=())
    observation = look_at_roots({"tree": tmp_path}, (root,), {}, clock_ms=lambda: 0, most_names=5)
    assert trouble(observation, ".") == (FindingKind.UNREADABLE, "more than 5 files")


def test_a_directory_that_changes_during_the_look_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "pkg/__pycache__/m.pyc.140", b"half").parent
    put(tmp_path / "pkg/m.py")
    before = folder.stat().st_ctime_ns
    finish = Crew.finish

    def interfere(crew: Crew) -> None:
        if (folder / "m.pyc.140").exists():
            put(folder / "m.pyc.140", b"whole").rename(folder / "m.pyc")
            # Some file systems tell the time in steps of milliseconds only.
            while folder.stat().st_ctime_ns == before:
                put(folder / "tick").unlink()
        finish(crew)

    monkeypatch.setattr(Crew, "finish", interfere)
    observation = look(tmp_path)
    assert paths(observation) == {"pkg/m.py", "pkg/__pycache__/m.pyc"}
    seen = observation.files["tree", "pkg/__pycache__/m.pyc"]
    assert seen.sha256 == hashlib.sha256(b"whole").hexdigest()


def test_a_directory_that_became_a_link_during_the_look_is_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "tree/pkg/m.py")
    put(tmp_path / "evil/m.py", b"evil")
    before = (tmp_path / "tree").stat().st_ctime_ns
    finish = Crew.finish

    def interfere(crew: Crew) -> None:
        package = tmp_path / "tree/pkg"
        if not package.is_symlink():
            package.rename(tmp_path / "away")
            package.symlink_to("../evil")
            while (tmp_path / "tree").stat().st_ctime_ns == before:
                put(tmp_path / "tree/tick").unlink()
        finish(crew)

    monkeypatch.setattr(Crew, "finish", interfere)
    observation = look(tmp_path / "tree")
    assert paths(observation) == {"pkg"}
    assert observation.files["tree", "pkg"].target == "../evil"


def test_of_a_listed_root_only_what_is_listed_is_looked_at(tmp_path: Path) -> None:
    put(tmp_path / "bin/server")
    put(tmp_path / "bin/other")
    (tmp_path / "bin/python").symlink_to("/usr/bin/python3")
    (tmp_path / "share").mkdir()
    observation = look_listed(tmp_path, ("bin/server", "bin/python", "bin/gone", "no/such", "share"))
    assert paths(observation) == {"bin/server", "bin/python", "share"}
    assert observation.files["prefix", "bin/server"].sha256 is not None
    assert observation.files["prefix", "bin/python"].target == "/usr/bin/python3"
    assert observation.files["prefix", "share"].type_ is None


def test_a_listed_file_below_a_link_or_a_file_is_trouble(tmp_path: Path) -> None:
    put(tmp_path / "evil/server")
    (tmp_path / "bin").symlink_to("evil")
    put(tmp_path / "lib")
    observation = look_listed(tmp_path, ("bin/server", "lib/inner"))
    assert trouble(observation, "bin/server", "prefix")[0] is FindingKind.TYPE
    assert trouble(observation, "lib/inner", "prefix")[0] is FindingKind.TYPE


def test_several_roots_keep_their_files_apart(tmp_path: Path) -> None:
    put(tmp_path / "one/file", b"1")
    put(tmp_path / "two/file", b"2")
    roots = (
        Root(name="one", scope=Scope.EXACT, mutable=()),
        Root(name="two", scope=Scope.LISTED, mutable=()),
    )
    places = {"one": str(tmp_path / "one"), "two": str(tmp_path / "two")}
    observation = look_at_roots(places, roots, {"two": ("file",)}, clock_ms=lambda: 0)
    assert set(observation.files) == {("one", "file"), ("two", "file")}


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    put(tmp_path / "pkg/large", b"A" * 300_000)
    put(tmp_path / "pkg/small")
    look(tmp_path)
    before = len([*Path("/proc/self/fd").iterdir()])
    look(tmp_path)
    look_listed(tmp_path, ("pkg/small", "pkg/large", "none/such", "pkg/small/inner"))
    assert len([*Path("/proc/self/fd").iterdir()]) == before


PARTS = st.text(alphabet="ab.é-", min_size=1, max_size=3).filter(lambda part: part.strip("."))
FILES = st.dictionaries(st.lists(PARTS, min_size=1, max_size=3).map("/".join), st.binary(max_size=40), max_size=8)


@given(files=FILES)
def test_exactly_the_files_that_are_there_are_reported(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    place = tmp_path_factory.mktemp("law")
    written: dict[str, str] = {}
    for path, octets in files.items():
        above = {str(parent) for parent in Path(path).parents}
        below = any(other.startswith(f"{path}/") for other in written)
        if above.isdisjoint(written) and not below:
            put(place / path, octets)
            written[path] = hashlib.sha256(octets).hexdigest()
    assert {path: seen.sha256 for (_, path), seen in look(place).files.items()} == written
