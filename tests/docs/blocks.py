"""The fenced blocks of every page, and running one as a reader would who pastes it into a shell."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = tuple(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "predicates/*.md", "ci/**/*.md")
    for path in sorted(ROOT.glob(pattern))
)

SHELL: Final = ("sh", "console")
"""Commands; in a `console` block the lines that begin with `$ `, and what they print."""

_BLOCK: Final = re.compile(r"^( *)(`{3,})([^`\n]*)\n(.*?)^ *\2$", re.MULTILINE | re.DOTALL)
_LONGEST_S: Final = 60


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    @property
    def script(self) -> str:
        """What a reader pastes into a shell."""
        if self.language != "console":
            return self.text
        return "".join(f"{line[2:]}\n" for line in self.text.splitlines() if line.startswith("$ "))

    def begins(self, words: str) -> bool:
        """Say whether its first command begins with these words."""
        return self.script.lstrip().startswith(words)


def blocks_of(page: str) -> tuple[Block, ...]:
    """Return the blocks of a page in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        lines = (line.removeprefix(match[1]) for line in match[4].splitlines(keepends=True))
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page=page, line=line, language=match[3], text="".join(lines)))
    return tuple(found)


def commands_of(page: str) -> tuple[Block, ...]:
    """Return those that hold commands."""
    return tuple(block for block in blocks_of(page) if block.language in SHELL)


def run(script: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a script that has to go well, and return what it printed."""
    argv = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(
        argv, cwd=folder, env=environment, input="", capture_output=True, text=True, timeout=_LONGEST_S, check=False
    )
    assert done.returncode == 0, f"exit {done.returncode} of\n{script}\n{done.stdout}{done.stderr}"
    return done.stdout
