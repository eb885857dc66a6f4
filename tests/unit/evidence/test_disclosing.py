"""What is kept beside a log opens exactly the commitments that it says, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.errors import MalformedError
from attest.evidence.disclosing import Kept
from attest.statement.tools.committing import commit
from attest.statement.tools.disclosures import FOLDER, disclosure_line

SALT = bytes(range(16))
ONE = commit(SALT, b"x")
LINE = disclosure_line(ONE, SALT, b"x")


def keep(log: Path, octets: bytes) -> Path:
    (log / FOLDER).mkdir()
    (log / FOLDER / "00000000.jsonl").write_bytes(octets)
    return log


def test_a_line_that_is_kept_opens_its_commitment_and_one_that_a_crash_cut_is_none(tmp_path: Path):
    two = commit(SALT, b"two")
    kept = Kept(keep(tmp_path, LINE + disclosure_line(two, SALT, b"two")[:-1]))
    assert b'"value":"eA=="' in kept.line(ONE)
    assert (kept.holds(ONE), kept.holds(two)) == (True, False)


@pytest.mark.parametrize(
    "line",
    [
        LINE.replace(b'"value":"eA=="', b'"value":"eQ=="'),
        LINE.replace(b'"value":"eA=="', b'"value":"eB=="'),
        LINE.replace(SALT.hex().encode(), (b"\0" * 16).hex().encode()),
        b" " + LINE,
        b"{}\n",
        b'{"sha256":"x"}\n',
    ],
    ids=["another value", "stray bits", "another salt", "another form", "nothing", "no digest"],
)
def test_a_line_that_opens_nothing_is_malformed(tmp_path: Path, line: bytes):
    with pytest.raises(MalformedError):
        Kept(keep(tmp_path, line)).line(ONE)
