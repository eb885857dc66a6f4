"""Where a server makes its temporary files, and whether it can: not right in a directory on the way to our files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from attest.measure.sandbox import ways_to

_USUAL: Final = "/tmp"  # noqa: S108  (asked about, nothing is made there)


def closed_temporary(ours: Iterable[Path], variables: Mapping[str, str]) -> str | None:
    """Return the directory for temporary files of a server with these variables, if what is kept from it closes it."""
    folder = variables.get("TMPDIR") or _USUAL
    return folder if os.path.realpath(folder) in ways_to(map(str, ours)) else None
