"""Isolate: freeze, and cut what the process and its children talk through; what was not cut is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from attest.agent.enforcement.channels import Channel, Cut, cut_channels
from attest.agent.enforcement.scene import Came, Scene, absence
from attest.agent.enforcement.suspend import frozen, still_running
from attest.statement.enforcing import Result


def isolate(scene: Scene) -> Came:
    """Freeze the family, keep evidence, cut its channels; a cut that failed leaves it frozen, never running."""
    family = scene.family
    if (absent := absence(family)) is not None:
        return absent
    if scene.done_before and family.is_frozen():
        return Came(result=Result.ALREADY, outcome="still frozen and cut off; nothing was done again")
    stopped = family.freeze()
    kept = scene.keep_evidence()
    channels = cut_channels(family.living())
    told = f"{_told(channels)}; {kept}"
    if not stopped:
        return Came(result=Result.FAILED, outcome=f"failed: {still_running(family)}; {told}")
    failed = any(channel.cut is Cut.REFUSED for channel in channels)
    outcome = f"{'failed to cut all of it, and ' if failed else ''}frozen: {frozen(family)}; {told}"
    return Came(result=Result.FAILED if failed else Result.DONE, outcome=outcome)


def _told(channels: Iterable[Channel]) -> str:
    """Say what was cut and what was not, in groups: `cut: 2 x inet socket (other); ...`."""
    groups: dict[Cut, Counter[str]] = {cut: Counter() for cut in Cut}
    for channel in channels:
        groups[channel.cut][channel.kind] += 1
    parts = [
        f"{cut.value}: {', '.join(f'{count} x {kind}' for kind, count in sorted(kinds.items()))}"
        for cut, kinds in groups.items()
        if kinds
    ]
    return "; ".join(parts) or "it had no channels"
