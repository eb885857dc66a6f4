"""Suspend: freeze the process and everything that it started; what they hold in memory stays as evidence."""

from __future__ import annotations

from attest.agent.enforcement.family import Family, counted
from attest.agent.enforcement.scene import Came, Scene, absence
from attest.statement.enforcing import Result


def suspend(scene: Scene) -> Came:
    """Freeze the family and keep evidence of it; if it is frozen still, do nothing."""
    if (absent := absence(scene.family)) is not None:
        return absent
    if scene.done_before and scene.family.is_frozen():
        members = len(scene.family.living())
        return Came(result=Result.ALREADY, outcome=f"still frozen: {counted(members)}; nothing was done again")
    stopped = scene.family.freeze()
    kept = scene.keep_evidence()
    if not stopped:
        return Came(result=Result.FAILED, outcome=f"failed: {still_running(scene.family)}; {kept}")
    return Came(result=Result.DONE, outcome=f"frozen: {frozen(scene.family)}; {kept}")


def frozen(family: Family) -> str:
    """Say who is frozen and by what."""
    by = "SIGSTOP" if family.cgroup is None else "SIGSTOP and the cgroup freezer"
    return f"{counted(len(family.living()))}, by {by}"


def still_running(family: Family) -> str:
    """Say why not everybody stopped."""
    refused = family.out_of_reach()
    if refused:
        return f"of {counted(len(family.living()))}, {refused} may not be signalled by us"
    return f"of {counted(len(family.living()))}, not all stopped in time"
