"""Chromium and what drives it, installed by tests; and scenarios played on pages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
SECONDS: Final = 600
"""A hundred thousand signatures, on a machine that has other things to do."""


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Node.js, and a folder with the scenarios and the packages that they need."""

    node: Path
    folder: Path

    def play(self, scenario: str, page: bytes, *, out: Path | None = None) -> dict[str, Any]:
        """Open a page, play a scenario on it, and return what came of it."""
        file = self.folder / "page.html"
        file.write_bytes(page)
        words = [str(self.node), "drive.mjs", scenario, str(file), *([] if out is None else [str(out)])]
        found: dict[str, Any] = json.loads(_run(words, self.folder))
        return found


def install_browser(folder: Path) -> Browser:
    """Install the pinned packages, without running anybody's scripts, and put the scenarios beside them."""
    shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / "unpacked").mkdir()
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    (node,) = folder.glob("node_modules/node-linux-*/bin/node")
    return Browser(node=node, folder=folder)


def _run(command: list[str], folder: Path) -> str:
    # Where the packaged browser unpacks itself is the temporary folder, which is to be nobody else's.
    environment = {**os.environ, "TMPDIR": str(folder / "unpacked")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"{command[:3]}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
    return done.stdout
