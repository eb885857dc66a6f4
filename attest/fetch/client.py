"""Run an ordinary client (pip, npm) as its owner set it up, in a folder, bounded, without a package's scripts."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attest.codec.printable import printable
from attest.errors import UnavailableError

TIMEOUT_SECONDS: Final = 900
_FOREIGN: Final = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "NODE_OPTIONS", "NODE_PATH"})
"""What would load code of somebody's into the client."""

_NPM_SAYS: Final = re.compile(r"npm (?:error|ERR!) ?(?P<said>.*)")
_ASIDE: Final = re.compile(r"(?:code|syscall|errno|type|path) \S+|A complete log of this run .*|")
"""What npm prints around the sentence: fields of the error, and where its log lies."""


def run_client(words: Sequence[str], folder: Path, *, hint: str) -> bytes:
    """Return what the client printed; raise `UnavailableError` with the line of its complaint that tells most."""
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    try:
        done = subprocess.run(
            [*words],
            cwd=folder,
            env={**environment, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise UnavailableError(words[0], "that program", "none of that name", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(words[0], f"an answer within {TIMEOUT_SECONDS} s", "none") from error
    if done.returncode != 0:
        found = printable(_complaint(done.stderr), limit=300)
        raise UnavailableError(_named(words), "exit code 0", f"{done.returncode}: {found}", hint=hint)
    return done.stdout


def _named(words: Sequence[str]) -> str:
    """Return what a person calls the client: `python -m pip install` is pip install."""
    rest = words[2:4] if words[1] == "-m" else (Path(words[0]).name, words[1])
    return " ".join(rest)


def _complaint(stderr: bytes) -> str:
    """Return the sentence of npm's error, or the last line of another client that speaks of one."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    said = [match["said"] for match in map(_NPM_SAYS.fullmatch, lines) if match is not None]
    if said:
        return next((each for each in said if _ASIDE.fullmatch(each) is None), said[0])
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["nothing"])[-1]
