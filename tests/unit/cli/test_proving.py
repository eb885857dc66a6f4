"""`attest log prove`: which receipt is meant, and where the proof goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.codec.octets import sha256_hex
from attest.evidence.proof_file import read_proof_file
from tests.commands import attest, passed
from tests.evidence_story import Story


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("proving")
    with Story(path / "log") as story:
        story.start().measure(2).checkpoint()
    return path


def test_a_receipt_is_named_by_number_by_digest_or_by_its_file(folder: Path):
    by_number = passed(attest(folder, "log", "prove", "log", "--sequence", "0"))
    receipt = read_proof_file(by_number, where="proof").receipt
    (folder / "receipt.json").write_bytes(receipt + b"\n")
    assert passed(attest(folder, "log", "prove", "log", "--digest", f"sha256:{sha256_hex(receipt)}")) == by_number
    assert passed(attest(folder, "log", "prove", "log", "--receipt", "receipt.json")) == by_number
    done = attest(folder, "log", "prove", "log", "--sequence", "0", "-o", "receipt.tlog-proof")
    assert (passed(done), done.stderr) == (b"", b"wrote receipt.tlog-proof\n")
    assert (folder / "receipt.tlog-proof").read_bytes() == by_number


@pytest.mark.parametrize(
    "flags", [(), ("--sequence", "1", "--digest", f"sha256:{'0' * 64}"), ("--digest", "0" * 64), ("--sequence", "-1")]
)
def test_one_receipt_has_to_be_named(folder: Path, flags: tuple[str, ...]):
    assert attest(folder, "log", "prove", "log", *flags).returncode == 2


@pytest.mark.parametrize(
    ("flags", "code"),
    [(("--sequence", "3"), 5), (("--digest", f"sha256:{'0' * 64}"), 6), (("--receipt", "log/log.db"), 3)],
)
def test_a_receipt_that_is_not_there_is_told(folder: Path, flags: tuple[str, ...], code: int):
    assert attest(folder, "log", "prove", "log", *flags).returncode == code
