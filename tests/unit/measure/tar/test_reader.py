"""Tar archives: one reading of every archive, or none."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure.tar.member import ENTRIES, MemberKind, Names, TarMember, TarRules
from attest.measure.tar.reader import read_tar
from tests.tars import END, file, filled, header, long_name, pax, pieces, raw_pax, record, tar

PACKAGE = TarRules(kinds=ENTRIES)
SYSTEM = TarRules(kinds=frozenset(MemberKind), names=Names.EXACT, leading_dot=True, special_bits=True)


def members(octets: bytes, rules: TarRules = PACKAGE, size: int = 700) -> dict[str, TarMember]:
    return {member.path: member for member, _ in read_tar(pieces(octets, size), rules, where="a.tar")}


def contents(octets: bytes, rules: TarRules = PACKAGE, size: int = 700) -> dict[str, bytes]:
    return {member.path: b"".join(content) for member, content in read_tar(pieces(octets, size), rules, where="a.tar")}


def refused(octets: bytes, rules: TarRules = PACKAGE) -> str:
    with pytest.raises(MalformedError) as caught:
        contents(octets, rules)
    assert caught.value.where.startswith("a.tar")
    return str(caught.value)


FILES = {"package/package.json": b"{}", "package/lib/a.js": bytes(range(256)) * 40, "package/empty": b""}


@pytest.mark.parametrize("size", [1, 511, 512, 513, 100_000])
def test_content_is_the_same_in_whatever_pieces_it_comes(size):
    assert contents(tar(*(file(*item) for item in FILES.items())), size=size) == FILES


def test_a_dot_behind_the_first_component_is_passed_over_where_that_is_the_custom():
    dotted = TarRules(kinds=ENTRIES, inner_dot=True)
    assert contents(tar(file("package/./lib/./a.js", b"1")), dotted) == {"package/lib/a.js": b"1"}
    refused(tar(file("package/./lib/a.js", b"1")))
    refused(tar(file("package/./lib/a.js", b"1"), file("package/lib/a.js", b"2")), dotted)
    for name in ("./package/a.js", "package/../a.js", "package//a.js"):
        refused(tar(file(name, b"1")), dotted)


def test_a_file_may_come_twice_where_its_content_is_compared():
    twice = TarRules(kinds=ENTRIES, inner_dot=True, files_twice=True)
    first, second = file("package/./a.js", b"1"), file("package/a.js", b"2")
    assert contents(tar(first, second), twice) == {"package/a.js": b"2"}
    refused(tar(first, second, second), twice)
    refused(tar(first, file("package/A.js", b"1")), twice)
    refused(tar(first, file("package/a.js/b.js", b"1")), twice)


def test_content_that_nobody_asks_for_is_skipped():
    assert list(members(tar(*(file(*item) for item in FILES.items())))) == list(FILES)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@given(
    files=st.dictionaries(
        st.from_regex(r"[a-zé]{1,60}(/[a-z]{30,60}){0,3}\.js", fullmatch=True), st.binary(max_size=1500), max_size=5
    )
)
def test_what_another_program_writes_is_read_back(form, files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for path, octets in files.items():
            item = tarfile.TarInfo(path)
            item.size = len(octets)
            archive.addfile(item, io.BytesIO(octets))
    assert contents(stream.getvalue(), SYSTEM) == files


def test_modes_say_what_is_a_program():
    found = members(tar(file("a", mode=0o755), file("b", mode=0o100644), file("c", mode=0o100)))
    assert [member.executable for member in found.values()] == [True, False, True]


@pytest.mark.parametrize("prefix", [b"", b"a/b", b"a" * 130])
def test_times_at_the_end_of_a_prefix_are_no_part_of_it(prefix: bytes):
    times = b"14742271765\0" * 2
    path = b"/".join(filter(None, (prefix, b"c.js"))).decode()
    assert list(members(tar(header(b"c.js", prefix=prefix.ljust(131, b"\0") + times)))) == [path]
    for other in (b"14742271765\0", times.replace(b"1", b"9"), b"x" * 24):
        assert "filled up" in refused(tar(header(b"c.js", prefix=prefix.ljust(131, b"\0") + other)))


def test_a_prefix_comes_before_the_name():
    assert list(members(tar(header(b"c.js", prefix=b"a/b")))) == ["a/b/c.js"]
    assert "prefix" in refused(tar(header(b"c.js", prefix=b"a/b", magic=b"ustar  \0")))
    assert "prefix" in refused(tar(header(b"c.js", prefix=b"a/b", magic=bytes(8))))


def test_extended_headers_name_a_member():
    path = "d" * 90 + "/" + "é" * 90
    assert list(members(tar(pax(path=path, mtime="1.5", comment="x"), file("short")))) == [path]
    assert list(members(tar(long_name(path), file("short")))) == [path]
    assert list(members(tar(pax(b"g", comment="1234"), file("a")))) == ["a"]


def test_extended_headers_give_a_link_its_target():
    long = "t" * 150
    for before in (pax(linkpath=long), long_name(long, b"K")):
        found = members(tar(before, header(b"a", type_=b"2", link=b"t")), SYSTEM)
        assert (found["a"].kind, found["a"].target) == (MemberKind.LINK, long)


def test_an_ordinary_system_archive_is_read():
    archive = tar(
        header(b"./", type_=b"5", mode=0o755),
        header(b"./usr/", type_=b"5", mode=0o755),
        header(b"./usr/sudo", mode=0o4755),
        header(b"./usr/Sudo", type_=b"1", link=b"./usr/sudo"),
        header(b"./usr/null", type_=b"3"),
    )
    found = members(archive, SYSTEM)
    assert list(found) == [".", "usr", "usr/sudo", "usr/Sudo", "usr/null"]
    assert found["usr/sudo"].special
    assert found["usr/Sudo"].target == "./usr/sudo"


HOSTILE = {
    "traversal": (tar(file("package/../../evil")), "path"),
    "an absolute path": (tar(file("/etc/evil")), "path"),
    "a leading dot where it is not allowed": (tar(file("./package/a")), "path"),
    "a backslash": (tar(file("package\\..\\evil")), "path"),
    "a control character": (tar(file("package/a\nb")), "path"),
    "no name": (tar(file("")), "path"),
    "a name that is not UTF-8": (tar(header(b"\xff\xfe")), "UTF-8"),
    "a traversal in a pax path": (tar(pax(path="../evil"), file("a")), "path"),
    "a traversal in a long name": (tar(long_name("../evil"), file("a")), "path"),
    "a symbolic link": (tar(header(b"a", type_=b"2", link=b"/etc")), "found link"),
    "a hard link": (tar(header(b"a", type_=b"1", link=b"b")), "found hard link"),
    "a device": (tar(header(b"a", type_=b"3")), "found special"),
    "a FIFO": (tar(header(b"a", type_=b"6")), "found special"),
    "a sparse file": (tar(header(b"a", type_=b"S")), "type b'S'"),
    "a pax sparse file": (tar(raw_pax(record("GNU.sparse.size", "5")), file("a")), "sparse"),
    "another encoding": (tar(pax(hdrcharset="BINARY"), file("a")), "sparse"),
    "an unknown type": (tar(header(b"a", type_=b"Z")), "type b'Z'"),
    "a setuid program": (tar(file("a", mode=0o4755)), "setuid"),
    "a file as a directory": (tar(file("a/")), "path"),
    "a directory with content": (tar(header(b"a/", 3, type_=b"5") + filled(b"abc")), "content"),
    "a file with a target": (tar(header(b"a", link=b"b")), "target"),
    "one member twice": (tar(file("a"), file("a")), "once"),
    "names equal but for case": (tar(file("Read.me"), file("rEAD.ME")), "once"),
    "names equal under folding": (tar(file("strasse"), file("stra\N{LATIN SMALL LETTER SHARP S}e")), "once"),
    "names equal when composed": (tar(file("é"), file("e\N{COMBINING ACUTE ACCENT}")), "once"),
    "a file below a file": (tar(file("a"), file("A/b")), "in a directory"),
    "a file where a directory is": (tar(file("a/b"), file("A")), "as other members"),
    "a wrong checksum": (tar(header(b"a").replace(b"ustar", b"ustaR")), "checksum"),
    "another magic": (tar(header(b"a", magic=b"ustar\x0001")), "header of ustar"),
    "something behind the end of a name": (tar(header(b"a\0b")), "zeros"),
    "numbers that are not octal": (tar(header(b"a", fields={124: b"0000000009 "})), "octal"),
    "a negative size": (tar(header(b"a", fields={124: b"\xff" * 12})), "negative"),
    "two sizes": (tar(pax(size="5"), file("a", b"123")), "bytes, as its header says"),
    "a size only in a record": (tar(pax(size="5"), file("a")), "bytes, as its header says"),
    "a size that is no number": (tar(pax(size="0x5"), file("a")), "decimal"),
    "a path said twice": (tar(raw_pax(record("path", "b") + record("path", "c")), file("a")), "one value"),
    "an empty path": (tar(pax(path=""), file("a")), "one value"),
    "two extended headers": (tar(pax(path="b"), pax(path="c"), file("a")), "one extended header"),
    "two kinds of long name": (tar(pax(path="b"), long_name("c"), file("a")), "one extended header"),
    "a global path": (tar(pax(b"g", path="b"), file("a")), "global"),
    "an extended header before the end": (tar(pax(path="b")), "two zero blocks"),
    "endless extended headers": (tar(*[pax(comment="x")] * 20, file("a")), "extended headers"),
    "an extended header without end": (tar(header(b"x", 2**30, type_=b"x")), "extended headers"),
    "a record that is too short": (tar(raw_pax(b"9 path=b\n"[:-1] + b"c"), file("a")), "record of its length"),
    "a record without a length": (tar(raw_pax(b"path=b\n"), file("a")), "begins with its length"),
    "a long name with a tail": (tar(header(b"x", 4, type_=b"L") + filled(b"a\0b\0"), file("a")), "long name"),
    "one zero block": (file("a") + bytes(512), "whole archive"),
    "no end": (file("a"), "whole archive"),
    "a member behind one zero block": (bytes(512) + tar(file("a")), "two zero blocks"),
    "trailing bytes": (tar(file("a")) + b"x", "nothing after"),
    "a second archive": (tar(file("a")) + tar(file("b")), "nothing after"),
    "too much filling": (tar(file("a")) + bytes(2 * 1024 * 1024), "nothing after"),
    "something in the filling": (header(b"a", 1) + b"x".ljust(512, b"y") + END, "zeros up to"),
    "a cut member": (header(b"a", 600) + bytes(512), "whole archive"),
}  # fmt: skip


@pytest.mark.parametrize(("octets", "told"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_could_be_read_in_two_ways_is_refused(octets, told):
    assert told in refused(octets)


def test_a_member_below_a_link_is_refused_even_where_links_are_allowed():
    assert "in a link" in refused(tar(header(b"a", type_=b"2", link=b"/etc"), file("a/passwd")), SYSTEM)


@pytest.mark.parametrize("target", [b"", b"a\nb", b"\xff"])
def test_a_link_without_a_proper_target_is_refused(target):
    refused(tar(header(b"a", type_=b"2", link=target)), SYSTEM)


def test_counts_and_sizes_are_bounded():
    kinds = ENTRIES
    assert "2 members" in refused(tar(file("a"), file("b"), file("c")), TarRules(kinds=kinds, max_members=2))
    assert "5 bytes" in refused(tar(file("a", b"123"), file("b", b"456")), TarRules(kinds=kinds, max_total_bytes=5))
    assert "limits" in refused(tar(file("a", b"123")), TarRules(kinds=kinds, max_member_bytes=2))


def test_a_large_size_is_read_in_either_form():
    base256 = b"\x80" + (9 * 2**30).to_bytes(11, "big")
    for archive in (header(b"a", fields={124: base256}), pax(size=str(9 * 2**30)) + header(b"a")):
        assert "limits" in refused(archive)
    wide = TarRules(kinds=ENTRIES, max_member_bytes=2**40, max_total_bytes=2**40)
    assert "whole archive" in refused(header(b"a", fields={124: base256}), wide)


@given(st.binary(max_size=2000))
def test_no_bytes_make_it_raise_anything_else(octets):
    with pytest.raises(MalformedError):
        contents(octets)


@given(st.data())
def test_one_changed_byte_never_moves_content_unnoticed(data):
    octets = bytearray(tar(*(file(*item) for item in FILES.items())))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= data.draw(st.integers(1, 255))
    try:
        found = contents(bytes(octets))
    except MalformedError:
        return
    assert {path: len(content) for path, content in found.items()} == {path: len(o) for path, o in FILES.items()}
