"""Judge any file: find out what it is, and hand it to the judge of its kind. Any bytes give a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from attest.errors import MalformedError
from attest.evidence.grammar import HEADER_PREFIX
from attest.evidence.verdict import Verdict
from attest.evidence.verify.bundle import verify_bundle
from attest.evidence.verify.gathered import Judged
from attest.evidence.verify.opening import Spread
from attest.evidence.verify.parts import Parts
from attest.evidence.verify.question import Question
from attest.evidence.verify.revoked import heed


def verify_file(lines: Iterable[bytes], question: Question, *, file: str, spread: Spread = map) -> Verdict:
    """Return the verdict of `judge_file` alone."""
    return judge_file(lines, question, file=file, spread=spread).verdict


def judge_file(
    lines: Iterable[bytes], question: Question, *, file: str, spread: Spread = map, parts: Parts | None = None
) -> Judged:
    """Judge the lines of a file (each with its line feed), which is called `file` in the verdict.

    Bad evidence is a verdict, never an error; `UnavailableError` from whatever gives the lines goes through. `spread`
    checks signatures in batches: the built-in `map`, or `ThreadPoolExecutor.map`. `parts` are those of logs that were
    judged before, by the same question.
    """
    question = heed(question)
    source = iter(lines)
    try:
        first = next(source, b"")
    except MalformedError as error:
        return _verify_document(error, question, file)
    if first.startswith(HEADER_PREFIX):
        return verify_bundle(chain([first], source), question, file, spread, parts or Parts())
    from attest.evidence.joining import read_document

    try:
        octets = read_document(chain([first], source), where="file")
    except MalformedError as error:
        return _verify_document(error, question, file)
    return _verify_document(octets, question, file)


def _verify_document(found: bytes | MalformedError, question: Question, file: str) -> Judged:
    # Its own import: the judges of single documents take longer to load than a small bundle to judge.
    from attest.evidence.verify.document import verify_document, verify_unreadable

    if isinstance(found, MalformedError):
        return verify_unreadable(found, question, file)
    return verify_document(found, question, file)
