"""Page: making the report about a bundle, against verifying it alone: the rest is reading, packing and writing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from attest.evidence.page.making import make_page
from attest.evidence.reading import read_lines
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.question import Question
from attest.trust.trust import load_trust
from benchmarks.material import end_of
from benchmarks.report import Report, at_most, figure, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import Setting, timed_alone
from tests.documents import REFERENCE_DIGEST

RECEIPTS: Final = 10_000
_PEER: Final = "verify, all cores"
_OURS: Final = "report, all cores"
_SECONDS: Final = 2


def run(setting: Setting) -> Report:
    """Verify a bundle, and make its page, by turns."""
    receipts = setting.size(RECEIPTS)
    bundle = setting.material.bundle(receipts)
    question = Question(trust=load_trust(setting.material.trust()), at=end_of(receipts), references=(REFERENCE_DIGEST,))
    page = setting.folder / "page.html"

    with ThreadPoolExecutor() as pool:

        def verify() -> None:
            assert verify_file(read_lines(bundle), question, file=bundle.name, spread=pool.map).passed

        def report() -> None:
            made = make_page(
                read_lines(bundle),
                question,
                file=bundle.name,
                file_sha256=None,
                at=question.at,
                command=(),
                spread=pool.map,
            )
            with page.open("wb") as file:
                file.writelines(made.chunks)

        seen = setting.race(
            [
                Candidate(name=_PEER, run=timed_alone(verify), amount=1, computes=False),
                Candidate(name=_OURS, run=timed_alone(report), amount=1, computes=False),
            ],
            rounds=7,
        )
    share = page.stat().st_size / bundle.stat().st_size
    return Report(
        title=f"page: {receipts} receipts, {bundle.stat().st_size / 1e6:.1f} MB",
        races=(seen,),
        outcomes=(
            time_outcome(seen, _OURS, _PEER, at_most(2)),
            figure(f"time: the page of {receipts} receipts", seen.seconds(_OURS), " s", at_most(_SECONDS)),
            figure("size: page / bundle", share, "x", at_most(0.5)),
        ),
    )
