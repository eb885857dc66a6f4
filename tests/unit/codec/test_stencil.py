"""A stencil lets through what differs inside its holes, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.stencil import Stencil

HOLES = re.compile(rb"<([a-z]*)>|#([0-9]+)")
DOCUMENTS = st.from_regex(rb"([A-Z]{0,3}(<[a-z]{0,4}>|#[0-9]{1,3});){0,5}[A-Z]{0,3}", fullmatch=True)


def spans_of(octets: bytes) -> list[tuple[int, int]]:
    return [match.span(match.lastindex or 0) for match in HOLES.finditer(octets)]


def in_holes(octets: bytes) -> set[int]:
    return {at for span in spans_of(octets) for at in range(*span)}


@given(octets=DOCUMENTS)
def test_a_document_fits_its_own_stencil(octets: bytes):
    found = Stencil(octets, spans_of(octets)).read(octets)
    assert found == tuple(match[match.lastindex or 0] for match in HOLES.finditer(octets))


@given(octets=DOCUMENTS, after=st.sampled_from([b";", b"%b%%s"]), data=st.data())
def test_what_was_read_fills_the_stencil_again(octets: bytes, after: bytes, data: st.DataObject):
    octets = octets.replace(b";", after)
    stencil = Stencil(octets, spans_of(octets))
    found = stencil.read(octets)
    assert found is not None
    assert stencil.fill(found) == octets
    others = tuple(data.draw(st.binary(min_size=len(each), max_size=len(each))) for each in found)
    assert stencil.read(stencil.fill(others)) == others


@given(octets=DOCUMENTS.filter(bool), data=st.data())
def test_a_byte_may_change_exactly_inside_the_holes(octets: bytes, data: st.DataObject):
    stencil = Stencil(octets, spans_of(octets))
    for place in range(len(octets)):
        other = octets[place] ^ data.draw(st.integers(1, 255))
        changed = octets[:place] + bytes([other]) + octets[place + 1 :]
        found = stencil.read(changed)
        assert (found is not None) == (place in in_holes(octets))
        assert found is None or found != stencil.read(octets)


@given(octets=DOCUMENTS, place=st.integers(0, 40), more=st.binary(min_size=1, max_size=3))
def test_nothing_longer_or_shorter_fits(octets: bytes, place: int, more: bytes):
    stencil = Stencil(octets, spans_of(octets))
    assert stencil.read(octets[:place] + more + octets[place:]) is None
    assert stencil.read(octets[:-1]) is None or not octets


@pytest.mark.parametrize("octets", [b"A<b>C#1", b"A<bcd>#12"])
def test_parts_and_holes_are_the_whole(octets: bytes):
    found = Stencil(octets, spans_of(octets)).read(octets)
    assert found is not None
    assert sum(map(len, found)) == len(in_holes(octets))
