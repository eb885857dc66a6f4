"""The kinds of runtime that can be sealed as a reference of their own; a new one is a file and a row.

The first that recognises an executable lays it out; the last recognises every one.
"""

from __future__ import annotations

from typing import Final

from attest.measure.runtimes import cpython, node, program
from attest.measure.runtimes.layout import RuntimeKind

RUNTIMES: Final[dict[str, RuntimeKind]] = {module.RUNTIME.name: module.RUNTIME for module in (cpython, node, program)}
