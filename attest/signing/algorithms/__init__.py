"""The signature algorithms, one row each; a new one is a file here and a row in `ALGORITHMS`."""

from __future__ import annotations

from typing import Final

from attest.rows import Rows
from attest.signing.algorithm import Algorithm

DEFAULT: Final = "ed25519"

ALGORITHMS: Final[Rows[Algorithm]] = Rows(
    {
        "ed25519": (f"{__name__}.ed25519", "ED25519"),
        "ecdsa-p256": (f"{__name__}.ecdsa_p256", "ECDSA_P256"),
        "ml-dsa-44": (f"{__name__}.ml_dsa_44", "ML_DSA_44"),
        "ml-dsa-65": (f"{__name__}.ml_dsa_65", "ML_DSA_65"),
        "ml-dsa-87": (f"{__name__}.ml_dsa_87", "ML_DSA_87"),
    }
)
