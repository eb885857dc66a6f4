"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from attest.agent.closure import Beside
from attest.agent.drafts import Standing
from attest.agent.target import Target


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What a run is about and what its starter wants recorded."""

    targets: tuple[Target, ...]
    standing: Standing
    """How receipts are made that are about no single server."""
    verifier_nonce: str | None = None
    context: tuple[tuple[str, str], ...] = ()
    key_attestation: str | None = None
    """The SHA-256 of what certifies the key that signs, if anything has to."""
    unsigned_cycles: int | None = None
    """Of a run that was cut short: how many clean cycles it lost, if that is known."""
    cycle_seconds: int | None = None
    """Instead of the sealed cycle, for a quicker one."""
    fine: frozenset[int] = frozenset()
    """The device numbers of file systems that are known to stamp changes finely."""
    beside: Beside | None = None
    """A look at what this run made for its server."""
