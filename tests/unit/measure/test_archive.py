"""Zip archives: what two readers could read apart is refused."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure import archive as module
from attest.measure.archive import ZipArchive
from tests.wheels import zipped

PLAIN = 0o100644


def opened(octets: bytes) -> ZipArchive:
    return ZipArchive(io.BytesIO(octets), where="a.whl")


def read_all(octets: bytes) -> dict[str, bytes]:
    archive = opened(octets)
    return {member.path: b"".join(archive.read(member)) for member in archive.members}


def refused(octets: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        read_all(octets)
    assert caught.value.where.startswith("a.whl")
    return str(caught.value)


def with_names(*names: str) -> bytes:
    """A zip with these names, however odd, duplicates among them."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"x")
    return stream.getvalue()


def with_flags(octets: bytes, flags: int) -> bytes:
    local = octets.index(b"PK\x03\x04")
    central = octets.index(b"PK\x01\x02")
    changed = bytearray(octets)
    changed[local + 6 : local + 8] = struct.pack("<H", flags)
    changed[central + 8 : central + 10] = struct.pack("<H", flags)
    return bytes(changed)


def test_an_ordinary_archive_is_read_whole():
    files = {"a/b.py": b"1\n" * 100_000, "c": b"", "d/e": bytes(range(256)) * 3000}
    assert read_all(zipped(files)) == files


def test_stored_members_and_streamed_ones_are_read_too():
    class Unseekable(io.RawIOBase):
        def __init__(self):
            self.kept = bytearray()

        def writable(self):
            return True

        def write(self, octets):
            self.kept += octets
            return len(octets)

    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a", b"1" * 1000)
        with archive.open("b", "w", force_zip64=True) as member:
            member.write(b"2" * 1000)
    assert read_all(bytes(stream.kept)) == {"a": b"1" * 1000, "b": b"2" * 1000}


def test_members_can_be_read_in_any_order():
    archive = opened(zipped({"a": b"1" * 600_000, "b": b"2" * 600_000}))
    first, second = (archive.read(member) for member in archive.members)
    mixed = [next(first), next(second), *first, *second]
    assert sorted(b"".join(mixed)) == sorted(b"1" * 600_000 + b"2" * 600_000)


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "/etc/evil", "a\\evil", "a//b", "./a", "a/.", "a\x01b", "a\nb", "C:\\x"],
)
def test_names_that_lead_astray_are_refused(name):
    assert "path" in refused(with_names(name))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.py", "a.py"),
        ("Read.me", "rEAD.ME"),
        ("stra\N{LATIN SMALL LETTER SHARP S}e", "STRASSE"),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"),
        ("\N{LATIN SMALL LIGATURE FI}", "fi"),
    ],
)
def test_members_that_some_file_system_takes_for_one_are_refused(one, other):
    assert "one member" in refused(with_names(one, other))


def test_a_file_that_is_a_directory_too_is_refused():
    assert "directory" in refused(zipped({"a": b"1", "A/b": b"2"}))


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o020644, 0o060644, 0o140644, 0o104755, 0o102755, 0o040755])
def test_links_devices_and_setuid_programs_are_refused(mode):
    refused(zipped({"a": b"target"}, {"a": mode}))


def test_directories_are_no_members_but_have_to_be_empty():
    assert read_all(zipped({"a/": b"", "a/b": b"1"}, {"a/": 0o040755})) == {"a/b": b"1"}
    refused(zipped({"a/": b"1"}, {"a/": 0o040755}))


@pytest.mark.parametrize("flags", [0x0001, 0x0020, 0x0041, 0x2000])
def test_encrypted_and_patched_members_are_refused(flags):
    assert "flags" in refused(with_flags(zipped({"a": b"1"}), flags))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unknown_compression_is_refused(method):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("a", b"1" * 100)
    refused(stream.getvalue())


@pytest.mark.parametrize("offset", [8, 14, 18, 22, 30])
def test_a_local_header_that_disagrees_is_refused(offset):
    octets = bytearray(zipped({"name": b"1" * 100}))
    octets[offset] ^= 1
    refused(bytes(octets))


def test_bytes_that_belong_to_no_member_are_refused():
    octets = zipped({"a": b"1"})
    refused(b"#!/bin/sh\n" + octets)
    refused(octets + b"\n")
    refused(octets[:-2] + b"\x01\x00!")


@pytest.mark.parametrize("where", ["before", "between", "after"])
def test_hidden_bytes_are_refused_even_if_all_offsets_are_right(where):
    stream = io.BytesIO(b"#!/bin/sh\n" if where == "before" else b"")
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("a", b"1")
        if where == "between":
            archive.start_dir += 10
        archive.writestr("b", b"2")
        if where == "after":
            archive.start_dir += 10
    assert set(zipfile.ZipFile(stream).namelist()) == {"a", "b"}
    assert "after the" in refused(stream.getvalue())


def test_members_that_overlap_are_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", b"1" * 50)
        archive.writestr("b", b"1" * 50)
        archive.filelist[1].header_offset = archive.filelist[0].header_offset
    refused(stream.getvalue())


def test_a_bomb_is_refused_before_it_is_expanded():
    assert "expanding" in refused(zipped({"a": b"\0" * 32 * 1024 * 1024}))


def test_a_library_that_a_linker_padded_to_large_pages_is_no_bomb():
    padded = b"\x7fELF".ljust(4096, b"x") + b"\0" * (2 * 1024 * 1024)
    (member,) = opened(zipped({"lib.so": padded})).members
    assert member.size > 200 * member.compressed_size


def test_a_member_longer_than_it_says_is_refused():
    octets = bytearray(zipped({"a": b"\0" * 1000}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = octets.index(signature) + offset
        octets[at : at + 4] = struct.pack("<I", 10)
    refused(bytes(octets))


def test_bytes_after_the_deflated_data_are_refused():
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = squeezer.compress(b"1" * 50) + squeezer.flush() + b"hidden"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a", data)
    octets = bytearray(stream.getvalue())
    for signature, method, crc, size in ((b"PK\x03\x04", 8, 14, 22), (b"PK\x01\x02", 10, 16, 24)):
        at = octets.index(signature)
        octets[at + method : at + method + 2] = struct.pack("<H", 8)
        octets[at + crc : at + crc + 4] = struct.pack("<I", zlib.crc32(b"1" * 50))
        octets[at + size : at + size + 4] = struct.pack("<I", 50)
    assert "after the data" in refused(bytes(octets))


def test_too_many_members_and_too_many_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_MEMBERS", 2)
    refused(zipped({"a": b"", "b": b"", "c": b""}))
    monkeypatch.setattr(module, "MAX_TOTAL_BYTES", 5)
    refused(zipped({"a": b"123", "b": b"456"}))
    monkeypatch.setattr(module, "MAX_ARCHIVE_BYTES", 100)
    refused(zipped({"a": bytes(random.Random(1).randbytes(200))}))


def test_names_that_are_not_utf_8_are_refused():
    octets = zipped({"aa": b"1"}).replace(b"aa", b"\xff\xfe")
    assert "UTF-8" in refused(octets)
    assert "UTF-8" in refused(with_flags(octets, 0x0800))


@pytest.mark.parametrize("octets", [b"", b"PK", b"PK\x05\x06" + bytes(17), bytes(100)])
def test_what_is_no_archive_is_refused(octets):
    refused(octets)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(octets):
    with pytest.raises(MalformedError):
        read_all(octets + b"!")


@given(st.data())
def test_one_changed_byte_never_changes_content_unnoticed(data):
    files = {"a/b.py": b"print(1)\n" * 20, "c": b"23"}
    octets = bytearray(zipped(files))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= data.draw(st.integers(1, 255))
    try:
        found = read_all(bytes(octets))
    except MalformedError:
        return
    assert sorted(found.values()) == sorted(files.values())


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,3}(/[a-z]{1,3}){0,2}\.py", fullmatch=True), st.binary(max_size=300), max_size=8
    )
)
def test_what_is_written_is_read_back(files):
    assert read_all(zipped(files)) == files
