"""Run the survey in a child process that holds no key, and read its answer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final, NoReturn

from attest.codec import canonical, strict
from attest.codec.octets import sha256_hex
from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError, UntrustedError
from attest.seal.messages import SurveyFailure, SurveyRequest, SurveyResult
from attest.seal.phases import Tell, read_phase

TIMEOUT_SECONDS: Final = 900
"""A tree of millions of files takes minutes; a child that hangs is ended."""

_LAST_WORDS_SECONDS: Final = 5
"""How long to read on after the child's end: a compiler that outlives it for a moment holds the pipe, too."""

_MAX_LINE_BYTES: Final = 4096

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


def run_survey(request: SurveyRequest, tell: Tell) -> Surveyed:
    """Survey in a child with an empty environment; raise the error that it reports.

    The child's answer is parsed as strictly as any document. It is started before the sealer's key is read. Its phases
    are told as it goes.
    """
    listener = _Listener(tell)
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-B", "-c", _PROGRAM, str(_PACKAGE_PARENT)],
                input=canonical.encode(request),
                stdout=answer,
                stderr=listener.pipe,
                env={},
                cwd="/",
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError("survey", f"an answer within {TIMEOUT_SECONDS} s", "none") from error
        finally:
            listener.end()
        answer.seek(0)
        first = answer.readline()
        manifest = answer.read()
    if done.returncode != 0:
        _reraise(first, listener.complaint)
    return Surveyed(result=strict.read(first.removesuffix(b"\n"), SurveyResult, where="survey"), manifest=manifest)


class _Listener(Thread):
    """Reads what the child prints to standard error: tells its phases, keeps the last line of the rest."""

    def __init__(self, tell: Tell) -> None:
        super().__init__(daemon=True)
        self._source, self.pipe = os.pipe()
        self._tell = tell
        self.complaint = b""
        self.start()

    def run(self) -> None:
        """Read until nobody can write any more."""
        with os.fdopen(self._source, "rb") as lines:
            for line in iter(lambda: lines.readline(_MAX_LINE_BYTES), b""):
                phase = read_phase(line)
                if phase is not None:
                    self._tell(*phase)
                elif line.strip():
                    self.complaint = line

    def end(self) -> None:
        """Let go of our end of the pipe, and wait for what is still in it."""
        os.close(self.pipe)
        self.join(_LAST_WORDS_SECONDS)


def _reraise(first: bytes, complaint: bytes) -> NoReturn:
    try:
        failure = strict.read(first.removesuffix(b"\n"), SurveyFailure, where="survey")
    except MalformedError as error:
        last = complaint.decode("utf-8", "replace").strip()[:200]
        raise UnavailableError("survey", "an answer of the child process", last or "none") from error
    kind = _KINDS.get(failure.kind, UnavailableError)
    raise kind(failure.where, failure.expected, failure.found, hint=failure.hint)
