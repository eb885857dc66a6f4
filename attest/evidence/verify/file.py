"""Judge any file: find out what it is, and hand it to the judge of its kind. Any bytes give a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from attest.errors import MalformedError
from attest.evidence.grammar import HEADER_PREFIX
from attest.evidence.joining import read_document
from attest.evidence.verdict import Verdict
from attest.evidence.verify.bundle import verify_bundle
from attest.evidence.verify.document import verify_document, verify_unreadable
from attest.evidence.verify.opening import Spread
from attest.evidence.verify.question import Question


def verify_file(lines: Iterable[bytes], question: Question, *, file: str, spread: Spread = map) -> Verdict:
    """Judge the lines of a file (each with its line feed), which is called `file` in the verdict.

    Bad evidence is a verdict, never an error; `UnavailableError` from whatever gives the lines goes through. `spread`
    checks signatures in batches: the built-in `map`, or `ThreadPoolExecutor.map`.
    """
    source = iter(lines)
    try:
        first = next(source, b"")
        if not first.startswith(HEADER_PREFIX):
            octets = read_document(chain([first], source), where="file")
            return verify_document(octets, question, file)
    except MalformedError as error:
        return verify_unreadable(error, question, file)
    return verify_bundle(chain([first], source), question, file, spread)
