"""Disclosures: what opens commitments, kept apart, in bounds, for the owner alone."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical
from attest.codec.octets import to_base64
from attest.errors import MalformedError, UnavailableError
from attest.statement.tools.committing import commit
from attest.statement.tools.disclosures import (
    FOLDER,
    Disclosure,
    DisclosureFolder,
    disclosure_line,
    kept_lines,
    read_disclosures,
)

SALT = bytes(range(16))


def line_of(octets: bytes, salt: bytes = SALT) -> bytes:
    return disclosure_line(commit(salt, octets), salt, octets)


@given(st.binary(), st.binary(min_size=16, max_size=16))
def test_a_line_gives_back_the_exact_bytes_under_their_commitment(octets, salt):
    line = line_of(octets, salt)
    said = Disclosure(sha256=commit(salt, octets).sha256, salt=salt.hex(), value=to_base64(octets))
    assert line == canonical.encode(said) + b"\n"
    (found,) = read_disclosures([line], where="d")
    assert (found.sha256, found.octets) == (commit(salt, octets).sha256, octets)


@pytest.mark.parametrize(
    "line",
    [
        line_of(b"x").removesuffix(b"\n"),
        line_of(b"x").replace(b'"value":"eA=="', b'"value":"eQ=="'),
        line_of(b"x").replace(b'"value":"eA=="', b'"value":"eB=="'),
        line_of(b"x").replace(SALT.hex().encode(), (b"\0" * 16).hex().encode()),
        b" " + line_of(b"x"),
        b"{}\n",
    ],
    ids=["no end", "another value", "stray bits", "another salt", "another form", "nothing"],
)
def test_a_line_that_opens_nothing_is_malformed(line):
    with pytest.raises(MalformedError):
        list(read_disclosures([line], where="d"))


def test_what_was_written_is_kept_for_its_owner_alone_over_restarts(tmp_path):
    for octets in (b"one", b"two"):
        folder = DisclosureFolder(tmp_path)
        folder.write([line_of(octets)])
        folder.close()
    assert [each.octets for each in read_disclosures(kept_lines(tmp_path), where="d")] == [b"one", b"two"]
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / FOLDER).iterdir()} == {0o600}


def test_the_oldest_segments_go_when_there_are_too_many(tmp_path):
    folder = DisclosureFolder(tmp_path, segment_bytes=1, max_segments=3)
    folder.write(line_of(b"%d" % number) for number in range(10))
    folder.close()
    assert [each.octets for each in read_disclosures(kept_lines(tmp_path), where="d")] == [b"7", b"8", b"9"]


def test_a_line_that_a_crash_cut_is_left_out_and_the_next_run_is_whole(tmp_path):
    folder = DisclosureFolder(tmp_path)
    folder.write([line_of(b"one"), line_of(b"two")[:-9]])
    folder.close()
    after = DisclosureFolder(tmp_path)
    after.write([line_of(b"three")])
    after.close()
    assert [each.octets for each in read_disclosures(kept_lines(tmp_path), where="d")] == [b"one", b"three"]


def test_a_log_without_disclosures_has_none(tmp_path):
    assert list(kept_lines(tmp_path)) == []


def test_a_place_that_cannot_be_written_is_unavailable(tmp_path):
    (tmp_path / FOLDER).write_bytes(b"")
    with pytest.raises(UnavailableError):
        DisclosureFolder(tmp_path)
