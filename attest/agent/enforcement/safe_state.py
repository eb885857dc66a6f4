"""Safe state: every call is to be denied from here on; the process is left alone."""

from __future__ import annotations

from attest.agent.enforcement.scene import Came, Scene
from attest.statement.enforcing import Result


def enter_safe_state(scene: Scene) -> Came:
    """Declare the safe state once; it ends with a new reference and with nothing else."""
    if scene.done_before:
        return Came(result=Result.ALREADY, outcome="the safe state was declared before, and holds")
    scene.declare_safe_state("drift, and the reference demands the safe state")
    return Came(result=Result.DONE, outcome="the safe state was declared; the process was left alone")
