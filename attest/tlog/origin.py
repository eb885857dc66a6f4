"""The name of a log, unique for all time, under which its checkpoints are signed."""

from __future__ import annotations

import os
from typing import Final

ORIGIN_PREFIX: Final = "attest.log/"
_RANDOM_BYTES: Final = 16


def new_origin() -> str:
    """Return a new origin: the prefix and 128 random bits in hexadecimal."""
    return ORIGIN_PREFIX + os.urandom(_RANDOM_BYTES).hex()
