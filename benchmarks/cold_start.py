"""Cold start: whole processes, with files in the page cache, against the import that nobody who signs can avoid."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from attest.codec import instant
from benchmarks.material import end_of
from benchmarks.report import Report, at_most, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import Setting, timed_alone
from tests.documents import REFERENCE_DIGEST

RECEIPTS: Final = 100

_PEER: Final = "python -c 'import ed25519'"
_VERSION: Final = "attest --version"
_VERIFY: Final = f"attest verify ({RECEIPTS} receipts)"


def run(setting: Setting) -> Report:
    """Start each program again and again."""
    attest = str(Path(sys.executable).with_name("attest"))
    bundle = setting.material.bundle(RECEIPTS)
    verify = [attest, "verify", str(bundle), "--trust", str(setting.material.trust())]
    verify += ["--reference", f"sha256:{REFERENCE_DIGEST}", "--at", instant.text(end_of(RECEIPTS))]
    ed25519 = "from cryptography.hazmat.primitives.asymmetric import ed25519"
    seen = setting.race(
        [
            Candidate(name=_PEER, run=_process([sys.executable, "-c", ed25519])),
            Candidate(name=_VERSION, run=_process([attest, "--version"])),
            Candidate(name=_VERIFY, run=_process(verify)),
        ],
        rounds=40,
    )
    return Report(
        title="cold start: whole processes, warm cache",
        races=(seen,),
        outcomes=(
            time_outcome(seen, _VERSION, _PEER, at_most(1)),
            time_outcome(seen, _VERIFY, _PEER, at_most(4)),
        ),
    )


def _process(argv: Sequence[str]) -> Callable[[], float]:
    # As a user has it: with .pyc files, and without whatever the caller's environment adds to the path.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def once() -> None:
        subprocess.run(argv, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    return timed_alone(once)
