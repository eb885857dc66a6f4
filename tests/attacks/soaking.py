"""A server from its very first start on, under load, measured over and over: nothing may ever be found."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from attest.agent.starting import open_agent
from attest.statement.states import State
from tests.attacks.observing import Seen, request_of
from tests.attacks.talking import loading, talking
from tests.attacks.victims import WITH_BYTE_CODE, Victim


@dataclass(frozen=True, kw_only=True)
class Soaked:
    """What many cycles came to."""

    cycles: int
    alarms: tuple[str, ...]
    calls: int


def soak(victim: Victim, log: Path, cycles: int) -> Soaked:
    """Start a server that has no byte code yet, and measure it from then on while a client calls its tool."""
    for folder in [*victim.tree.rglob("__pycache__")]:
        shutil.rmtree(folder)
    alarms: list[str] = []
    count = 0
    with (
        talking(victim.command, victim.folder, WITH_BYTE_CODE) as talk,
        loading(talk, victim.tool, victim.arguments) as calls,
    ):
        seen: list[Seen] = []
        with open_agent(request_of(victim, log, talk.pid), lambda each: seen.append(Seen.of(each.cycle))) as run:
            run._start()
            while count < cycles or not calls:
                run._cycle()
                (last,) = seen
                seen.clear()
                count += 1
                if last.state is not State.MATCH:
                    alarms.append(f"cycle {count}: {last.state}\n{last.text}")
            run._stop("enough was seen")
    return Soaked(cycles=count, alarms=tuple(alarms), calls=len(calls))
