"""The survey: a child process without keys that reads archives and tree and writes the manifest.

The parent sends one `SurveyRequest` on standard input. The child answers with one line, `SurveyResult` or
`SurveyFailure`, and after a result the lines of the manifest. Parsing archives, reading byte code and compiling
happen here and nowhere else, so that a flaw in a parser finds no key.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from attest.codec import canonical, strict
from attest.codec.printable import printable
from attest.errors import AttestError
from attest.measure.binding import Bound
from attest.measure.places import locate
from attest.measure.runtimes.finding import find_runtime
from attest.seal.attributing import attribute
from attest.seal.binding import Bindings, BoundArchive, bind_archives, refuse_troubles
from attest.seal.editables import refuse_editables
from attest.seal.explaining import explain
from attest.seal.fitting import fit_files
from attest.seal.messages import MAX_REQUEST_BYTES, SurveyedArchive, SurveyFailure, SurveyRequest, SurveyResult
from attest.seal.phases import Phase, phase_line
from attest.seal.runtime_survey import surveyed_runtime, with_roots
from attest.seal.unclaimed import find_unclaimed
from attest.statement.manifest import write_manifest


def survey(request: SurveyRequest) -> Iterator[bytes]:
    """Yield the answer to a request, line by line; raises the errors of the readers it uses."""
    _tell(Phase.LOOKING, 0)
    runtime = find_runtime(request.program) if request.program is not None else None
    bindings = bind_archives(request if runtime is None else with_roots(request, runtime))
    refuse_troubles(bindings.observation)
    refuse_editables(bindings.observation)
    _tell(Phase.EXPLAINING, len(bindings.observation.files))
    fitted = fit_files(request.files, bindings.observation)
    program = None if runtime is None else runtime.program
    explained, assurance = explain(bindings, fitted, request.allow_site, program)
    entries, artifacts = attribute(explained, bindings.archives)
    result = SurveyResult(
        roots=bindings.roots,
        entries=len(entries),
        assurance=assurance,
        unclaimed=find_unclaimed(entries),
        answered=tuple(sorted(fitted.answered)),
        runtime=None if runtime is None else surveyed_runtime(runtime, entries),
        archives=tuple(_told(item, request.command, bindings) for item in bindings.archives),
    )
    yield canonical.encode(result) + b"\n"
    yield from write_manifest(tuple(item.root for item in bindings.roots), entries, artifacts)


def main() -> None:
    """Answer the request on standard input; exit 1 after a `SurveyFailure`."""
    try:
        request = strict.read(
            sys.stdin.buffer.read(), SurveyRequest, where="survey request", max_bytes=MAX_REQUEST_BYTES
        )
        for line in survey(request):
            sys.stdout.buffer.write(line)
    except AttestError as error:
        sys.stdout.buffer.write(canonical.encode(_failure(error)) + b"\n")
        sys.exit(1)


def _tell(phase: Phase, count: int) -> None:
    sys.stderr.write(phase_line(phase, count))
    sys.stderr.flush()


def _told(item: BoundArchive, command: tuple[str, ...], bindings: Bindings) -> SurveyedArchive:
    archive = item.bound.archive
    starts = [number for number, word in enumerate(command) if _is_of(word, item.bound, bindings)]
    return SurveyedArchive(
        digest=item.digest,
        filename=archive.filename,
        name=archive.name,
        version=archive.version,
        purl=archive.purl,
        install_scripts=archive.install_scripts,
        bound=item.bound.found,
        starts=max(starts, default=None),
        command=item.bound.command,
    )


def _is_of(word: str, bound: Bound, bindings: Bindings) -> bool:
    key = locate(bindings.observation.places, word)
    return key in bound.files or key in bound.links or (bound.found and Path(word).name in bound.archive.generated)


def _failure(error: AttestError) -> SurveyFailure:
    return SurveyFailure(
        kind=type(error).__name__,
        where=printable(error.where) or "-",
        expected=printable(error.expected) or "-",
        found=printable(error.found) or "-",
        hint=error.hint,
    )
