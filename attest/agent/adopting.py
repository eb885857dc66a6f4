"""Which running process each server is: the one that a person named, or the one that runs the sealed command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from attest.agent.drafts import Standing
from attest.agent.finding_process import find_process
from attest.agent.sealed import SealedServer
from attest.agent.target import Target
from attest.agent.watched import WatchedProcess
from attest.errors import RefusedError
from attest.measure.isolation import isolation_of
from attest.statement.levels import Binding

AUTO: Final = "auto"
Pid = int | Literal["auto"]
"""A process, or the wish that it be found."""


def adopt(servers: Sequence[SealedServer], pid: Pid | None, pids: Mapping[str, Pid]) -> tuple[Target, ...]:
    """Return the servers with their processes: `pid` is that of the only one, `pids` are by name; others have none.

    `AUTO` as `pid` is about each server. Several references of one server are about the same
    process. Raises `RefusedError` for a name that no reference has, for a reference without a command, and where not
    just one process runs the sealed command; `UnavailableError` for a process that is not there.
    """
    names = sorted({server.reference.server.name for server in servers})
    if pid not in {None, AUTO} and len(names) > 1:
        raise RefusedError("--pid", "NAME=PID, since there are several servers", ", ".join(names))
    for name in pids:
        if name not in names:
            raise RefusedError(f"--pid {name}=", f"the name of a server: {', '.join(names)}", name)
    return tuple(_target(server, pids.get(server.reference.server.name, pid)) for server in servers)


def _target(server: SealedServer, pid: Pid | None) -> Target:
    if pid is None:
        return Target(server=server, standing=Standing(binding=Binding.TREE, isolation=isolation_of(None)))
    watched = find_process(server) if pid == AUTO else WatchedProcess(int(pid))
    if server.reference.process is None:
        found = "none: any process would do"
        raise RefusedError("--pid", "a REF that seals the command", found, hint="attest seal ... -- COMMAND")
    standing = Standing(binding=Binding.ADOPTED, isolation=isolation_of(watched.uid()))
    return Target(server=server, standing=standing, watched=watched)
