"""Make a page of a file: judged while it is read, kept whole, put together with what belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from attest.errors import MalformedError
from attest.evidence.page.assembling import write_page
from attest.evidence.page.beside import manifests_beside
from attest.evidence.page.facts import facts_of
from attest.evidence.page.pieces import Keeping
from attest.evidence.policy.reading import Policy
from attest.evidence.verdict import Verdict
from attest.evidence.verify.file import judge_file
from attest.evidence.verify.opening import Spread
from attest.evidence.verify.question import Question


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page is written from, piece by piece, and what it says: None where nothing was judged."""

    chunks: Iterator[bytes]
    verdict: Verdict | None


def make_page(  # noqa: PLR0913  (each is one thing that the page tells)
    lines: Iterable[bytes],
    question: Question | None,
    *,
    policy: Policy | None = None,
    file: str,
    file_sha256: str | None,
    at: int,
    command: Iterable[str],
    references: tuple[Path, ...] = (),
    spread: Spread = map,
) -> Page:
    """Make the page about the lines of a file; without a question, nothing is judged, and the page says so.

    `file_sha256` is of the file as it lies, None for what came from standard input; `at` is when the page is made, in
    milliseconds since 1970; `command` is how to verify one's own copy; `references` are files whose manifests may lie
    beside them. Bad evidence is a page, never an error; `UnavailableError` from whatever gives the lines goes through.
    """
    keeping = Keeping(lines, spread)
    judged = iter(keeping)
    verdict = None if question is None else _judge(judged, question, policy, file, spread)
    _take_rest(judged)
    kept = keeping.close()
    manifests = manifests_beside(references, spread)
    facts = facts_of(
        file=file,
        file_sha256=file_sha256 or kept.sha256,
        kept=kept,
        at=at,
        verdict=verdict,
        trust=None if question is None else question.trust,
        command=command,
        manifests=manifests,
    )
    return Page(chunks=write_page(facts, kept, manifests), verdict=verdict)


def _judge(lines: Iterable[bytes], question: Question, policy: Policy | None, file: str, spread: Spread) -> Verdict:
    judged = judge_file(lines, question, file=file, spread=spread)
    if policy is None:
        return judged.verdict
    # Its own import: most pages are about no gate.
    from attest.evidence.policy.judge import judge_policy

    return judge_policy(policy, (judged,), question.at)[0]


def _take_rest(lines: Iterator[bytes]) -> None:
    """Keep what no judge wanted to read; what cannot be unpacked is not there to be shown either."""
    try:
        for _ in lines:
            pass
    except MalformedError:
        # Without a question nobody has said so: the browser misses the last line.
        return
