"""Build evidence as a side file: exact bytes under their digests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.octets import sha256_hex
from attest.errors import AttestError, MalformedError
from attest.statement.attachments import read_attachments, write_attachments

LINES = list(write_attachments([b"one", b"two", b"three"]))


@given(st.lists(st.binary()))
def test_pieces_are_read_back_under_their_digests(pieces):
    assert read_attachments(write_attachments(pieces), where="a") == {sha256_hex(piece): piece for piece in pieces}


def test_a_piece_given_twice_is_written_once():
    assert len(list(write_attachments([b"x", b"x"]))) == 1


@pytest.mark.parametrize(
    "lines",
    [
        [LINES[1], LINES[0]],
        [LINES[0], LINES[0]],
        [LINES[0].removesuffix(b"\n")],
        [LINES[0] + b"\n"],
        [b"\n"],
        [b"{}\n"],
        [LINES[0].replace(b'"octets":"', b'"octets":"AAAA')],
        [LINES[0].replace(b'"octets":"', b'"octets":"*')],
        [b"\xff" + LINES[0]],
    ],
)
def test_lines_out_of_form_or_order_are_malformed(lines):
    with pytest.raises(MalformedError):
        read_attachments(lines, where="a")


@given(st.data())
def test_any_changed_byte_is_refused(data):
    octets = bytearray(LINES[0])
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(AttestError):
        read_attachments(bytes(octets).splitlines(keepends=True), where="a")
