"""Run an ordinary client (pip, npm) as its owner set it up, in a folder, bounded, without a package's scripts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attest.codec.printable import printable
from attest.errors import UnavailableError

TIMEOUT_SECONDS: Final = 900
_FOREIGN: Final = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "NODE_OPTIONS", "NODE_PATH"})
"""What would load code of somebody's into the client."""


def run_client(words: Sequence[str], folder: Path, *, hint: str) -> bytes:
    """Return what the client printed; raise `UnavailableError` with the last line of its complaint."""
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
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["nothing"])[-1].strip()
