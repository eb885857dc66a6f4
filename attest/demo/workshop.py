"""The demo's workshop: a folder with a real server installed in it, and the commands that are run there."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.errors import UnavailableError

PACKAGE: Final = "mcp-server-time"
REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
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
        """The private environment that the server is installed in."""
        return self.folder / "server"

    @property
    def wheels(self) -> Path:
        """The archives, as the package index gave them out."""
        return self.folder / "wheels"

    @property
    def program(self) -> Path:
        """The server's program."""
        return self.server / "bin" / PACKAGE

    def attest(self, *words: str) -> Answer:
        """Run `attest` as a user would, in the folder."""
        return self.run([sys.executable, "-m", "attest", *words])

    def start_attest(self, *words: str) -> subprocess.Popen[str]:
        """Start `attest` and leave it running; its lines come on its standard output."""
        return subprocess.Popen(
            [sys.executable, "-m", "attest", *words],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def start_client(self) -> subprocess.Popen[str]:
        """Start the real MCP client, which starts the server."""
        return subprocess.Popen(
            [str(self.server / "bin" / "python"), str(Path(__file__).with_name("client.py")), str(self.program)],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def download(self) -> None:
        """Get the archives, pinned and hashed; raise `UnavailableError` without a package index."""
        words = ["download", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        answer = self.run([*self._pip(), *words, "--requirement", str(REQUIREMENTS), "--dest", str(self.wheels)])
        if answer.code != 0:
            raise UnavailableError(
                "demo", "a package index that has mcp-server-time", _last_line(answer.stderr), hint="check the network"
            )

    def install(self) -> None:
        """Make the private environment and install the archives into it."""
        self._must([sys.executable, "-m", "venv", "--without-pip", str(self.server)])
        wheels = sorted(str(path) for path in self.wheels.glob("*.whl"))
        options = ["install", "--quiet", "--no-deps", "--no-index", "--compile"]
        self._must([*self._pip(), "--python", str(self.server / "bin" / "python"), *options, *wheels])

    def run(self, words: list[str]) -> Answer:
        """Run a command in the folder to its end."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Answer(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def _must(self, words: list[str]) -> None:
        answer = self.run(words)
        if answer.code != 0:
            raise UnavailableError(" ".join(words[:4]), "exit code 0", f"{answer.code}: {_last_line(answer.stderr)}")

    def _pip(self) -> list[str]:
        """Return pip of this interpreter; where it has none (`uvx`), one of an environment made for it."""
        if importlib.util.find_spec("pip") is not None:
            return [sys.executable, "-m", "pip"]
        tools = self.folder / "tools"
        if not tools.exists():
            self._must([sys.executable, "-m", "venv", str(tools)])
        return [str(tools / "bin" / "python"), "-m", "pip"]

    def _environment(self) -> dict[str, str]:
        """The caller's environment, but for what would make a real server unlike a real one."""
        dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME"}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2][:200] or "nothing"
