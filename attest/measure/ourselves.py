"""Where our own code lies: a tree that holds it would be judged by what may have been changed in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from attest.errors import RefusedError


def refuse_ourselves(place: str) -> None:
    """Raise `RefusedError` if the tree at `place` holds this program or the environment that it runs in."""
    tree = os.path.realpath(place)
    for ours in (Path(__file__).parents[1], Path(sys.prefix)):
        if Path(os.path.realpath(ours)).is_relative_to(tree):
            raise RefusedError(
                place,
                "a tree that attest does not run from",
                f"{ours}",
                hint="install attest in an environment of its own",
            )
