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
_LONGEST_S: Final = 600


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
        return "".join(command for command, _ in self.dialogue)

    @property
    def dialogue(self) -> tuple[tuple[str, str], ...]:
        """What is typed at once, and what the page shows that it prints: a whole block, or a command of a `console`."""
        if self.language != "console":
            return ((self.text, ""),)
        parts = re.split(r"^\$ (.*(?:\n> .*)*\n)", self.text, flags=re.MULTILINE)[1:]
        commands = (command.replace("\n> ", "\n") for command in parts[::2])
        return tuple(zip(commands, parts[1::2], strict=True))

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
    """Run a script that has to go well, and return what a terminal would have shown."""
    argv = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(
        argv,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, f"exit {done.returncode} of\n{script}\n{done.stdout}"
    return done.stdout


def shows(shown: str, printed: str) -> bool:
    """Say whether a page shows what was printed: `…` stands for the rest of a line, alone on a line for any lines."""
    parts = (
        r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown.splitlines()
    )
    return re.match(r"(?:.*\n)*?" + "".join(parts), printed) is not None
