"""Bytes as text: one spelling in documents of ours, both alphabets in those of others."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.octets import from_base64, from_either_base64, sha256_hex, to_base64
from attest.errors import MalformedError


@given(st.binary())
def test_bytes_are_read_back_from_their_text(octets):
    written = to_base64(octets)
    assert written == base64.b64encode(octets).decode()
    assert from_base64(written, where="x") == octets
    assert from_either_base64(written, where="x") == octets
    assert from_either_base64(base64.urlsafe_b64encode(octets).decode(), where="x") == octets


@given(st.text("AQgw+/-_=\n", max_size=8) | st.text(max_size=8))
def test_a_text_is_the_one_of_its_bytes_or_refused(written):
    try:
        octets = from_base64(written, where="x")
    except MalformedError:
        return
    assert to_base64(octets) == written


@pytest.mark.parametrize(
    "written",
    [
        *("A", "AA", "AAA", "AA=", "AA===", "AB==", "AAB=", "=", "====", "AAAA=", "AA==AAAA", "AAAA\n", " AAAA"),
        *("AA AA", "-_-_", "AAA-", "ÄAAA", "AAAA\x00", "AA==\n", "\ud800AAA"),
    ],
)
def test_any_other_spelling_is_malformed(written):
    with pytest.raises(MalformedError) as caught:
        from_base64(written, where="sig")
    assert caught.value.where == "sig"


@pytest.mark.parametrize(
    "written", ["A", "AA", "AA=", "AAA-\n", "+__+", "-A/A", "AA==AA==", "é---", "AAAA ", "\ud800AAA"]
)
def test_foreign_base64_that_is_none_or_mixes_alphabets_is_malformed(written):
    with pytest.raises(MalformedError):
        from_either_base64(written, where="sig")


def test_the_digest_of_nothing_is_known():
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
