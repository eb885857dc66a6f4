"""The signature algorithms, one row each; a new one is a file here and a row in `ALGORITHMS`."""

from __future__ import annotations

from typing import Final

from attest.signing.algorithm import Algorithm
from attest.signing.algorithms.ecdsa_p256 import ECDSA_P256
from attest.signing.algorithms.ed25519 import ED25519

DEFAULT: Final = ED25519.name

ALGORITHMS: Final[dict[str, Algorithm]] = {row.name: row for row in (ED25519, ECDSA_P256)}
