"""Run the survey in a child process that holds no key, and read its answer."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from attest.codec import canonical, strict
from attest.codec.octets import sha256_hex
from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError, UntrustedError
from attest.seal.messages import SurveyFailure, SurveyRequest, SurveyResult

TIMEOUT_SECONDS: Final = 900
"""A tree of millions of files takes minutes; a child that hangs is ended."""

_KINDS: Final[dict[str, type[AttestError]]] = {
    kind.__name__: kind for kind in (MalformedError, RefusedError, UnavailableError, UntrustedError)
}

_PACKAGE_PARENT = Path(__file__).parents[2]
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from attest.seal.survey import main; main()"


@dataclass(frozen=True, kw_only=True)
class Surveyed:
    """What the survey found, and the manifest's exact bytes."""

    result: SurveyResult
    manifest: bytes

    @property
    def manifest_digest(self) -> str:
        """The digest that the reference will name."""
        return sha256_hex(self.manifest)


def run_survey(request: SurveyRequest) -> Surveyed:
    """Survey in a child with an empty environment; raise the error that it reports.

    The child's answer is parsed as strictly as any document. It is started before the sealer's key is read.
    """
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-B", "-c", _PROGRAM, str(_PACKAGE_PARENT)],
                input=canonical.encode(request),
                stdout=answer,
                stderr=subprocess.PIPE,
                env={},
                cwd="/",
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError("survey", f"an answer within {TIMEOUT_SECONDS} s", "none") from error
        answer.seek(0)
        first = answer.readline()
        manifest = answer.read()
    if done.returncode != 0:
        _reraise(first, done.stderr)
    return Surveyed(result=strict.read(first.removesuffix(b"\n"), SurveyResult, where="survey"), manifest=manifest)


def _reraise(first: bytes, stderr: bytes) -> NoReturn:
    try:
        failure = strict.read(first.removesuffix(b"\n"), SurveyFailure, where="survey")
    except MalformedError as error:
        last = stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        raise UnavailableError("survey", "an answer of the child process", last or "none") from error
    kind = _KINDS.get(failure.kind, UnavailableError)
    raise kind(failure.where, failure.expected, failure.found, hint=failure.hint)
