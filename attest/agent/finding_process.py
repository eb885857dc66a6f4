"""Which running process is a sealed server, where nobody named it: the one that runs the sealed command.

Only finds: whether it is what was sealed is measured afterwards. One that runs the same program with the same arguments
twice cannot be told apart, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attest.agent.resolving import resolve_profile
from attest.agent.sealed import SealedServer
from attest.agent.watched import WatchedProcess
from attest.appraisal.process import runs_sealed_command
from attest.errors import RefusedError, UnavailableError
from attest.measure.glancing import glance_at_all
from attest.statement.observation import ObservedProcess

_SHOWN: Final = 10
_HINT: Final = "name it: --pid NAME=PID; the processes of other users are seen by root alone"


def find_process(server: SealedServer) -> WatchedProcess:
    """Return the one process that runs the sealed command of the server, or of another of its references.

    What such a process started itself, with the same command, belongs to it. Raises `RefusedError` if there is none or
    more than one, or if the reference seals no command.
    """
    where = f"--pid auto: {server.reference.server.name}"
    if server.reference.process is None:
        hint = "attest seal ... -- COMMAND"
        raise RefusedError(where, "a REF that seals the command", "none: any process would do", hint=hint)
    candidates = _heads([each for each in glance_at_all() if _is_server(server, each[0])])
    if len(candidates) != 1:
        found = f"{len(candidates)}: {_spelled(candidates)}" if candidates else "none"
        raise RefusedError(where, "one process that runs the sealed command", found, hint=_HINT)
    watched = WatchedProcess(candidates[0].pid)
    if watched.handle.start_time_ticks != candidates[0].start_time_ticks:
        watched.handle.close()
        raise UnavailableError(where, "a process that stays", "one that ended meanwhile")
    return watched


def _is_server(server: SealedServer, seen: ObservedProcess) -> bool:
    for each in (server, *server.others):
        profile = each.reference.process
        if profile is not None and runs_sealed_command(profile, each.places, seen, resolve_profile(each, "", "")):
            return True
    return False


def _heads(found: Sequence[tuple[ObservedProcess, int]]) -> list[ObservedProcess]:
    """Return those that no other of them started."""
    pids = {seen.pid for seen, _ in found}
    return [seen for seen, parent in found if parent not in pids]


def _spelled(candidates: Sequence[ObservedProcess]) -> str:
    told = [f"{each.pid} (user {each.uid})" for each in candidates[:_SHOWN]]
    return ", ".join(told) + (f" and {len(candidates) - _SHOWN} more" if len(candidates) > _SHOWN else "")
