"""The survey: a child process without keys that reads archives and tree and writes the manifest.

The parent sends one `SurveyRequest` on standard input. The child answers with one line, `SurveyResult` or
`SurveyFailure`, and after a result the lines of the manifest. Parsing archives, reading byte code and compiling
happen here and nowhere else, so that a flaw in a parser finds no key.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from attest.codec import canonical, strict
from attest.codec.records import Count, Line, Record, Sha256Hex
from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError, UntrustedError
from attest.seal.binding import Bound, bind_archives
from attest.seal.explaining import explain
from attest.statement.digests import DigestSet
from attest.statement.levels import Origin
from attest.statement.manifest import Root, RootName, write_manifest
from attest.statement.predicates.runtime_reference import Assurance

KINDS: dict[str, type[AttestError]] = {
    kind.__name__: kind for kind in (MalformedError, RefusedError, UnavailableError, UntrustedError)
}


class SurveyRoot(Record, kw_only=True):
    """A root to survey and where it lies; `listed` paths make it a root of single files."""

    root: Root
    place: Line
    listed: tuple[Line, ...]


class SurveyArchive(Record, kw_only=True):
    """An archive at hand, its digests as the parent computed them, and the origin that build evidence gives it."""

    path: Line
    sha256: Sha256Hex
    origin: Origin


class SurveyRequest(Record, kw_only=True):
    """What to survey."""

    roots: tuple[SurveyRoot, ...]
    archives: tuple[SurveyArchive, ...]
    allow_site: tuple[Line, ...]


class SurveyedArchive(Record, kw_only=True):
    """An archive, whether its files were found in the tree, and what it calls itself."""

    sha256: Sha256Hex
    digest: DigestSet
    filename: Line
    name: Line
    version: Line
    bound: bool


class SurveyResult(Record, kw_only=True):
    """What was found: followed by the manifest's lines."""

    roots: tuple[SurveyRoot, ...]
    entries: Count
    assurance: Assurance
    archives: tuple[SurveyedArchive, ...]


class SurveyFailure(Record, kw_only=True):
    """Why there is no result: an error of ours, by kind."""

    kind: Line
    where: Line
    expected: Line
    found: Line
    hint: Line | None = None


def survey(request: SurveyRequest) -> Iterator[bytes]:
    """Yield the answer to a request, line by line; raises the errors of the readers it uses."""
    bound: Bound = bind_archives(request)
    entries, assurance = explain(bound, request.allow_site)
    yield canonical.encode(
        SurveyResult(
            roots=bound.roots, entries=len(entries), assurance=assurance, archives=bound.archives
        )
    ) + b"\n"
    yield from write_manifest(tuple(item.root for item in bound.roots), entries)


def main() -> None:
    """Answer the request on standard input; exit 1 after a `SurveyFailure`."""
    try:
        request = strict.read(sys.stdin.buffer.read(), SurveyRequest, where="survey request")
        for line in survey(request):
            sys.stdout.buffer.write(line)
    except AttestError as error:
        sys.stdout.buffer.write(canonical.encode(_failure(error)) + b"\n")
        sys.exit(1)


def _failure(error: AttestError) -> SurveyFailure:
    return SurveyFailure(
        kind=type(error).__name__,
        where=_line(error.where),
        expected=_line(error.expected),
        found=_line(error.found),
        hint=error.hint and _line(error.hint),
    )


def _line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)[:4000] or "-"
