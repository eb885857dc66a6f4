"""ELF files as the loader reads them, and broken ones refused."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from attest.errors import MalformedError
from attest.measure.elf import Needs, read_needs
from tests.runtimes import MACHINE, make_elf


def needs(octets: bytes) -> Needs | None:
    return read_needs(io.BytesIO(octets), where="elf")


def test_what_a_program_asks_for_is_read_in_its_order() -> None:
    found = needs(make_elf(needed=("libz.so.1", "libc.so.6"), loader="/lib64/ld.so", rpath="/a:/b"))
    assert found == Needs(
        machine=(2, MACHINE), loader="/lib64/ld.so", needed=("libz.so.1", "libc.so.6"), rpath=("/a", "/b"), runpath=()
    )


def test_a_runpath_makes_the_loader_ignore_the_rpath() -> None:
    found = needs(make_elf(needed=("libc.so.6",), rpath="/a", runpath="$ORIGIN/../lib"))
    assert found is not None
    assert (found.rpath, found.runpath) == ((), ("$ORIGIN/../lib",))


def test_a_static_program_asks_for_nothing() -> None:
    found = needs(make_elf())
    assert found is not None
    assert (found.loader, found.needed) == (None, ())


@pytest.mark.parametrize("octets", [b"", b"#!/bin/sh\n", b"MZ" + bytes(100), b"\x7fEL"])
def test_another_file_is_none(octets: bytes) -> None:
    assert needs(octets) is None


def test_every_cut_of_a_program_is_refused_or_asks_for_no_more() -> None:
    whole = make_elf(needed=("libc.so.6",), loader="/lib64/ld.so", runpath="/a")
    for length in range(4, len(whole)):
        try:
            found = needs(whole[:length])
        except MalformedError:
            continue
        assert found is not None
        assert set(found.needed) <= {"libc.so.6"}


def test_names_outside_their_table_are_refused() -> None:
    octets = bytearray(make_elf(needed=("libc.so.6",)))
    at = octets.rindex(b"\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0")
    octets[at + 8 : at + 16] = (10**6).to_bytes(8, "little")
    with pytest.raises(MalformedError, match="names inside"):
        needs(bytes(octets))


def test_names_with_control_characters_are_refused() -> None:
    with pytest.raises(MalformedError, match="printed"):
        needs(make_elf(needed=("lib\x1b[2J.so",)))


def test_a_program_of_this_machine_is_read() -> None:
    path = Path(shutil.which("sleep") or "")
    with path.open("rb") as stream:
        found = read_needs(stream, where=str(path))
    assert found is not None
    assert any(name.startswith("libc") for name in found.needed) or not found.needed
