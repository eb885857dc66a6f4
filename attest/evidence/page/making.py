"""Make a page of a file: judged while it is read, kept whole, put together with what belongs to it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from attest.errors import MalformedError
from attest.evidence.page.assembling import write_page
from attest.evidence.page.beside import manifests_beside
from attest.evidence.page.facts import facts_of
from attest.evidence.page.pieces import Keeping
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.opening import Spread
from attest.evidence.verify.question import Question


def make_page(
    lines: Iterable[bytes],
    question: Question | None,
    *,
    file: Path,
    file_sha256: str | None,
    at: int,
    trust_file: Path | None,
    references: tuple[Path, ...] = (),
    spread: Spread = map,
) -> Iterator[bytes]:
    """Yield the page about the lines of a file; without a question, nothing is judged, and the page says so.

    `at` is when it is made, in milliseconds since 1970; `file_sha256` is None for what came from standard input;
    `references` are files whose manifests may lie beside them. Bad evidence is a page, never an error;
    `UnavailableError` from whatever gives the lines goes through.
    """
    keeping = Keeping(lines, spread)
    judged = iter(keeping)
    verdict = None if question is None else verify_file(judged, question, file=str(file), spread=spread)
    _take_rest(judged)
    kept = keeping.close()
    manifests = manifests_beside(references, spread)
    facts = facts_of(
        file=str(file),
        file_sha256=file_sha256 or kept.sha256,
        kept=kept,
        at=at,
        verdict=verdict,
        trust=None if question is None else question.trust,
        command=_command(file, trust_file, question),
        manifests=manifests,
    )
    return write_page(facts, kept, manifests)


def _take_rest(lines: Iterator[bytes]) -> None:
    """Keep what no judge wanted to read; what cannot be unpacked is not there to be shown either."""
    try:
        for _ in lines:
            pass
    except MalformedError:
        # Without a question nobody has said so: the browser misses the last line.
        return


def _command(file: Path, trust_file: Path | None, question: Question | None) -> Iterator[str]:
    """Yield the words that verify one's own copy, for a shell."""
    yield from ("attest", "verify", shlex.quote(file.name or "FILE"))
    yield from ("--trust", "trust.json" if trust_file is None else shlex.quote(trust_file.name))
    if question is None:
        yield from ("--reference", "REF")
        return
    for digest in question.references:
        yield from ("--reference", f"sha256:{digest}")
    for artifact in question.artifacts:
        algorithm, digest = artifact.items()[0]
        yield from ("--artifact", f"{algorithm}:{digest}")
