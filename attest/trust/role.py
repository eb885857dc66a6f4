"""The roles of RFC 9334 as this project divides them: what a key may sign; ARCHITECTURE 2."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a key is trusted for. A key has one role."""

    SEALER = "sealer"
    """Signs references and revocations."""
    WRITER = "writer"
    """Signs receipts and log checkpoints."""
    BUILDER = "builder"
    """Signs build evidence."""
    VERIFIER = "verifier"
    """Signs verdicts."""
    WITNESS = "witness"
    """Signs cosignatures and time stamps."""
