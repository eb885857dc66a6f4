"""After a crash between an intent and its outcome: say what is found, and act again where it is not sure to be done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from attest.agent.enforcement.enforcer import Enforcer
from attest.agent.enforcement.journal import AUDIT_ONLY, Cause
from attest.agent.enforcement.past import Intent
from attest.agent.enforcement.scene import Came
from attest.agent.sealed import SealedServer
from attest.codec.clock import system_clock
from attest.errors import UnavailableError
from attest.measure.process import ProcessHandle, open_process
from attest.statement.enforcing import Action, Result

_MILLISECONDS: Final = 1000

ENDED: Final = Came(result=Result.ENDED, outcome="the process had ended")
HOOK_LOST: Final = Came(result=Result.FAILED, outcome="it is not known whether it ran to its end; not run again")
NOT_AT_HAND: Final = Came(result=Result.NOT_POSSIBLE, outcome="the reference that demands it is not at hand any more")


def answer_unanswered(enforcer: Enforcer, servers: Sequence[SealedServer]) -> None:
    """Record an outcome for every intent that the run left open when it was cut short."""
    known = {server.opened.digest: server for server in servers}
    for intent in enforcer.journal.past.unanswered:
        server = known.get(intent.reference or "")
        came = NOT_AT_HAND if server is None else _come_to(intent, server, enforcer)
        found = Came(result=came.result, outcome=f"found after a restart: {came.outcome}")
        enforcer.journal.answer(intent.event, found, intent.reference)


def _come_to(intent: Intent, server: SealedServer, enforcer: Enforcer) -> Came:
    action, pid, cause = intent.event.action, intent.event.pid, intent.event.caused_by
    if server.reference.enforcement.audit_only:
        return AUDIT_ONLY
    if action is Action.HOOK:
        return HOOK_LOST
    if action is None or action is Action.ALERT or cause is None:
        return NOT_AT_HAND
    causing = Cause(sequence=cause, time=intent.time)
    if pid is None:
        return enforcer.actor.take(action, server, None, causing)
    with _same_process(intent, pid) as handle:
        if handle is None:
            return ENDED
        try:
            return enforcer.actor.take(action, server, handle, causing)
        finally:
            enforcer.actor.forget(handle)


@contextmanager
def _same_process(intent: Intent, pid: int) -> Iterator[ProcessHandle | None]:
    """Take hold of the process that was meant: of that number in that boot, begun before the intent; else None."""
    try:
        handle = open_process(pid)
    except UnavailableError:
        yield None
        return
    with handle:
        began_at = handle.start_time_ticks * _MILLISECONDS // os.sysconf("SC_CLK_TCK")
        same = system_clock().boot_id == intent.boot_id and began_at <= intent.boot_time
        yield handle if same else None
