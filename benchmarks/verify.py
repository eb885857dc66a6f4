"""Verify: judging an evidence bundle, against the bare verification of the same signatures; and the memory it takes."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from attest.codec import instant
from attest.evidence.reading import read_lines
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.opening import Spread
from attest.evidence.verify.question import Question
from attest.signing.dsse import pae
from attest.trust.trust import load_trust
from benchmarks.material import end_of
from benchmarks.report import Outcome, Report, at_least, at_most, figure, rate_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import ROOT, Setting, timed_alone
from tests.documents import REFERENCE_DIGEST
from tests.world import WRITER

RECEIPTS: Final = 1000
FEW: Final = 10_000
MANY: Final = 100_000
_LONGEST: Final = 6.0
"""Seconds for the race: making and judging the many receipts takes as long again."""

_PEER: Final = "bare Ed25519 verification"
_ONE: Final = "verify, one thread"
_ALL: Final = "verify, all cores"


def run(setting: Setting) -> Report:
    """Verify bundles in memory, then ever larger ones in processes of their own."""
    receipts = setting.size(RECEIPTS)
    bundle = setting.material.bundle(receipts)
    key = load_der_public_key(WRITER.public.spki)
    assert isinstance(key, Ed25519PublicKey)
    signed = _signed(bundle)
    question = Question(trust=load_trust(setting.material.trust()), at=end_of(receipts), references=(REFERENCE_DIGEST,))

    def bare() -> None:
        for signature, message in signed:
            key.verify(signature, message)

    def verify(spread: Spread) -> None:
        verdict = verify_file(read_lines(bundle), question, file=bundle.name, spread=spread)
        assert verdict.passed, verdict.checks

    with ThreadPoolExecutor() as pool:
        seen = setting.race(
            [
                Candidate(name=_PEER, run=timed_alone(bare), amount=receipts),
                Candidate(name=_ONE, run=timed_alone(lambda: verify(map)), amount=receipts),
                Candidate(name=_ALL, run=timed_alone(lambda: verify(pool.map)), amount=receipts, computes=False),
            ],
            rounds=31,
            longest=_LONGEST,
        )
    return Report(
        title=f"verify: {receipts} receipts, {bundle.stat().st_size // receipts} bytes each in the bundle",
        races=(seen,),
        outcomes=(
            rate_outcome(seen, _ONE, _PEER, at_least(0.8)),
            rate_outcome(seen, _ALL, _ONE),
            *_memory(setting),
        ),
    )


def _signed(bundle: Path) -> list[tuple[bytes, bytes]]:
    """Return signature and signed bytes of every receipt, read without any of the program's own readers."""
    found = []
    for line in bundle.read_bytes().splitlines():
        receipt = json.loads(line).get("receipt")
        if receipt is not None:
            message = pae(receipt["payloadType"], base64.b64decode(receipt["payload"]))
            found.append((base64.b64decode(receipt["signatures"][0]["sig"]), message))
    return found


def _memory(setting: Setting) -> tuple[Outcome, Outcome]:
    """Compare the most memory that `attest verify` holds for few receipts and for ten times as many."""
    few, many = (_peak(setting, setting.size(receipts)) for receipts in (FEW, MANY))
    return (
        figure(f"memory: verify of {setting.size(MANY)} / {setting.size(FEW)} receipts", many / few, "x", at_most(2)),
        figure(f"memory: verify of {setting.size(MANY)} receipts", many / 1e6, " MB"),
    )


def _peak(setting: Setting, receipts: int) -> int:
    argv = [sys.executable, "-m", "benchmarks.peak", "verify", str(setting.material.bundle(receipts))]
    argv += ["--trust", str(setting.material.trust()), "--reference", f"sha256:{REFERENCE_DIGEST}"]
    argv += ["--at", instant.text(end_of(receipts))]
    done = subprocess.run(argv, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return int(done.stderr.split()[-1])
