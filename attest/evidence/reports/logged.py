"""A line as the log of a CI takes it: one that commands nothing."""

from __future__ import annotations

import re
from typing import Final

_COMMAND: Final = r"##(?=[A-Za-z]*\[)"


def logged(line: str) -> str:
    """Return a line in which nothing begins as a command does anywhere in one: `##[`, `##vso[`, `##teamcity[`.

    GitHub's newer form, two colons, counts only at the beginning, where every report has words of its own.
    """
    return re.sub(_COMMAND, "# #", line) if "##" in line else line
