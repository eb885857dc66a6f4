"""Terminate: end the process and everything that it started."""

from __future__ import annotations

from typing import Final

from attest.agent.enforcement.family import counted
from attest.agent.enforcement.scene import Came, Scene, absence
from attest.agent.enforcement.suspend import still_running
from attest.statement.enforcing import Result

GRACE_SECONDS: Final = 2.0
"""How long a server may take to end by itself before it is killed."""


def terminate(scene: Scene) -> Came:
    """Freeze the family, keep evidence, let it end by itself, and kill who has not."""
    family = scene.family
    if (absent := absence(family)) is not None:
        return absent
    family.freeze()
    members = len(family.living())
    kept = scene.keep_evidence()
    by_itself = family.let_end(GRACE_SECONDS)
    # Also if all have ended: one of them may have started another in its last moment.
    if not family.kill():
        outcome = f"failed: {still_running(family)}, {len(family.living())} did not end; {kept}"
        return Came(result=Result.FAILED, outcome=outcome)
    by = "SIGTERM" if by_itself else "SIGKILL"
    return Came(result=Result.DONE, outcome=f"{counted(members)} ended after {by}; {kept}")
