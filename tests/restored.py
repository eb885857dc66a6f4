"""A folder that is made once and put back for each test, at the same path: what was sealed in it stays true."""

from __future__ import annotations

import shutil
from pathlib import Path


class Restored:
    """A folder as it is now, to be had again after a test has changed it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept = Path(shutil.copytree(folder, folder.with_name(f"{folder.name}-kept"), symlinks=True))

    def again(self) -> None:
        """Put everything back, with its times and modes; nothing else stays."""
        shutil.rmtree(self._folder)
        shutil.copytree(self._kept, self._folder, symlinks=True)
