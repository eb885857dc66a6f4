"""The demo's workshop: a folder with a real server installed in it, and the commands that are run there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.errors import UnavailableError

COMMAND_SECONDS: Final = 300
"""The longest that any one command of the demo may take, a first download included."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The folder of one demo."""

    folder: Path

    @property
    def server(self) -> Path:
        """The private directory that the server is installed in."""
        return self.folder / "server"

    @property
    def archives(self) -> Path:
        """What was installed there, as the package index gave it out."""
        return self.folder / "archives"

    def attest(self, *words: str) -> Answer:
        """Run `attest` as a user would, in the folder."""
        return self.run([sys.executable, "-m", "attest", *words])

    def start_client(self, python: Path, *words: str) -> subprocess.Popen[str]:
        """Start the real MCP client under a Python that has `mcp`; see `client.py` for the words.

        Its standard error is that of the server, too.
        """
        return subprocess.Popen(
            [str(python), str(Path(__file__).with_name("client.py")), *words],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, words: Sequence[str]) -> Answer:
        """Run a command in the folder to its end; raise `UnavailableError` if there is none in `COMMAND_SECONDS`."""
        try:
            done = subprocess.run(
                [*words],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(" ".join(words[:4]), f"an end in {COMMAND_SECONDS} s", "none") from error
        return Answer(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def must(self, words: Sequence[str]) -> None:
        """Run a command in the folder; raise `UnavailableError` with its last line if it fails."""
        answer = self.run(words)
        if answer.code != 0:
            raise UnavailableError(" ".join(words[:4]), "exit code 0", f"{answer.code}: {last_line(answer.stderr)}")

    def _environment(self) -> dict[str, str]:
        """The caller's environment, but for what would make a real server unlike a real one."""
        dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "NODE_OPTIONS", "NODE_PATH"}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        # The folder, and the keys in it, may lie below /tmp, right in which the server makes nothing then.
        temporary = self.folder / "tmp"
        temporary.mkdir(mode=0o700, exist_ok=True)
        return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "TMPDIR": str(temporary)}


def last_line(text: str) -> str:
    """Return the last line of what a command complained."""
    return text.strip().rpartition("\n")[2][:200] or "nothing"
