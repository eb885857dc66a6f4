"""Sets are written in one order: sorted, each once; a second order would be a second digest of the same rules."""

from collections.abc import Sequence
from itertools import pairwise

from attest.errors import MalformedError


def check_sorted(where: str, names: Sequence[str]) -> None:
    """Refuse another order than by code points, and a name that stands there twice; raise `MalformedError`."""
    for before, after in pairwise(names):
        if before >= after:
            raise MalformedError(where, "in order, each once", f"{before[:80]!a} before {after[:80]!a}")
