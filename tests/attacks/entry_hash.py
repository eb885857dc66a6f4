"""What the agent is held against: hash the file that a command names, and the program at its path, and be content.

It is what a launcher's allow list, a pinned script or a deployment check does. Every attack here passes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path


def hash_entry(*paths: Path) -> tuple[str, ...]:
    """Return the SHA-256 of what lies at each path now, links followed."""
    return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def is_fooled(sealed: Sequence[str], *paths: Path) -> bool:
    """Return whether a hasher of entry files sees nothing wrong."""
    return tuple(sealed) == hash_entry(*paths)
