"""Libraries are found where the loader finds them, and the places where it looks first have to stay empty."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from attest.errors import MalformedError
from attest.measure.libraries import PRELOAD, find_libraries
from attest.measure.library_cache import read_library_cache
from attest.measure.trail import follow
from tests.runtimes import make_elf, make_library_cache
from tests.unprivileged import open_folder, unprivileged


def put(path: Path, octets: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return str(path)


def test_what_libraries_need_is_found_too(tmp_path: Path) -> None:
    inner = put(tmp_path / "sys/libinner.so", make_elf())
    outer = put(tmp_path / "sys/libouter.so", make_elf(needed=("libinner.so",)))
    program = put(tmp_path / "program", make_elf(needed=("libouter.so",), loader=inner))
    cache = {"libouter.so": (outer,), "libinner.so": (inner,)}
    found = find_libraries([program], cache)
    assert found.found - {PRELOAD} == {inner, outer}
    assert found.missing == set()


def test_a_place_that_is_searched_first_has_to_stay_empty(tmp_path: Path) -> None:
    own = put(tmp_path / "lib/libown.so", make_elf(needed=("libc.so",), runpath="$ORIGIN"))
    libc = put(tmp_path / "sys/libc.so", make_elf())
    program = put(tmp_path / "bin/program", make_elf(needed=("libown.so",), runpath="$ORIGIN/../lib"))
    found = find_libraries([program], {"libc.so": (libc,)})
    assert {own, libc} <= found.found
    assert str(tmp_path / "lib/libc.so") in found.absent
    assert str(tmp_path / "lib/glibc-hwcaps") in found.absent


def test_an_rpath_holds_for_the_libraries_of_a_library_and_a_runpath_does_not(tmp_path: Path) -> None:
    deep = put(tmp_path / "lib/libdeep.so", make_elf())
    put(tmp_path / "lib/libown.so", make_elf(needed=("libdeep.so",)))
    inherited = put(tmp_path / "old", make_elf(needed=("libown.so",), rpath="$ORIGIN/lib"))
    assert deep in find_libraries([inherited], {}).found
    not_inherited = put(tmp_path / "new", make_elf(needed=("libown.so",), runpath="$ORIGIN/lib"))
    assert find_libraries([not_inherited], {}).missing == {"libdeep.so"}


def test_libraries_of_another_machine_are_passed_over(tmp_path: Path) -> None:
    other = put(tmp_path / "32/libz.so", make_elf(machine=3))
    fits = put(tmp_path / "64/libz.so", make_elf())
    program = put(tmp_path / "program", make_elf(needed=("libz.so",)))
    found = find_libraries([program], {"libz.so": (other, fits)}).found
    assert fits in found
    assert other not in found


def test_a_name_that_nothing_answers_to_is_told(tmp_path: Path) -> None:
    program = put(tmp_path / "program", make_elf(needed=("libabsent-anywhere.so.9",)))
    assert find_libraries([program], {}).missing == {"libabsent-anywhere.so.9"}


def test_a_circle_of_libraries_ends(tmp_path: Path) -> None:
    one = put(tmp_path / "libone.so", make_elf(needed=("libtwo.so",), runpath="$ORIGIN"))
    two = put(tmp_path / "libtwo.so", make_elf(needed=("libone.so",), runpath="$ORIGIN"))
    assert {one, two} <= find_libraries([one], {}).found | {one}


def test_a_cache_gives_every_path_of_a_name_in_its_order() -> None:
    octets = make_library_cache([("libz.so", "/new/libz.so"), ("libz.so", "/old/libz.so"), ("libc.so", "/libc.so")])
    assert read_library_cache(octets, where="cache") == {
        "libz.so": ("/new/libz.so", "/old/libz.so"),
        "libc.so": ("/libc.so",),
    }
    assert read_library_cache(b"ld.so-1.7.0" + bytes(5) + octets, where="cache")["libc.so"] == ("/libc.so",)


@pytest.mark.parametrize("octets", [b"", b"glibc-ld.so.cache1.1", b"other" * 20, b"ld.so-1.7.0" + bytes(100)])
def test_what_is_no_cache_is_refused(octets: bytes) -> None:
    with pytest.raises(MalformedError):
        read_library_cache(octets, where="cache")


def test_every_cut_of_a_cache_is_refused() -> None:
    whole = make_library_cache([("libz.so", "/new/libz.so")])
    for length in range(len(whole)):
        with pytest.raises(MalformedError):
            read_library_cache(whole[:length], where="cache")


def test_each_link_on_the_way_to_a_file_is_told(tmp_path: Path) -> None:
    place = Path(follow(str(tmp_path)).end)
    (place / "real/deep").mkdir(parents=True)
    (place / "real/deep/file.1").write_bytes(b"")
    (place / "real/deep/file").symlink_to("file.1")
    (place / "short").symlink_to("real/deep")
    (place / "absolute").symlink_to(place / "short")
    trail = follow(str(place / "absolute/../deep/./file"))
    assert trail.end == str(place / "real/deep/file.1")
    assert trail.links == (str(place / "absolute"), str(place / "short"), str(place / "real/deep/file"))


def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(MalformedError, match="links"):
        follow(str(tmp_path / "a"))


def test_a_search_path_that_is_closed_to_who_seals_is_not_sealed_as_empty() -> None:
    with open_folder() as folder:
        libc = put(folder / "sys/libc.so", make_elf())
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        program = put(folder / "program", make_elf(needed=("libc.so",), runpath=f"{closed}/lib"))
        (folder / "sys").chmod(0o755)
        if os.geteuid() != 0:
            closed.chmod(0)
        with unprivileged():
            found = find_libraries([program], {"libc.so": (libc,)})
        closed.chmod(0o700)
        assert libc in found.found
        assert not {each for each in found.absent if each.startswith(str(closed))}
        assert f"{closed}/lib/libc.so" in find_libraries([program], {"libc.so": (libc,)}).absent
