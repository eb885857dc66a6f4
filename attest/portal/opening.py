"""A gate before a server: the sealed rules compiled, their ledger as the log left it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from attest.agent.launching.launch import Launch
from attest.agent.sealed import SealedServer
from attest.agent.starting import AgentRequest
from attest.appraisal.calls.compiling import compile_rules
from attest.codec.clock import Clock
from attest.portal.confining import confine
from attest.portal.raising import Phantoms
from attest.portal.remembering import remember
from attest.portal.session.gate import Gate, GateRules
from attest.portal.session.governed import Caller
from attest.signing.keyfiles import load_private
from attest.statement.tools.definitions import digest_of_set
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import OnCallerDrift, ToolRules

_SECOND: Final = 1000

NO_RULES: Final = ToolRules(
    definitions=(),
    definitions_digest=digest_of_set(()),
    tools=(),
    principals=(Principal(name="local", kind=PrincipalKind.LOCAL),),
)
"""What a reference without tool rules permits: nothing."""


def open_gate(
    server: SealedServer,
    request: AgentRequest,
    clock: Clock,
    *,
    resolve: Callable[[str], str],
    working_directory: str | None,
) -> Gate:
    """Compile the rules of a server's reference, and count what the log says of calls under it.

    `resolve` and `working_directory` are as for `compile_rules`. Raises `MalformedError` for rules that cannot be
    compiled, `UnavailableError` where an engine is not installed.
    """
    reference = server.reference
    rules = reference.tools or NO_RULES
    rulebook = compile_rules(rules, server.places, resolve, working_directory=working_directory)
    ledger = rulebook.ledger()
    key = load_private(request.key).public
    remember(ledger, rules, request.log, key, reference=server.opened.digest, clock=clock)
    sealed = GateRules(
        audit_only=reference.enforcement.audit_only,
        max_age_ms=reference.measurement.max_age_seconds * _SECOND,
        cycle_ms=reference.measurement.cycle_seconds * _SECOND,
        on_caller_drift=rules.on_caller_drift,
        pins_definitions=reference.tools is not None,
    )
    return Gate(sealed, rulebook, ledger)


def open_launch_gate(launch: Launch) -> Gate:
    """Do so for a server that is about to be started.

    It has our own root directory and mounts, so links lead where they lead for us.
    """
    folder = launch.command.working_directory
    return open_gate(
        launch.server, launch.request, launch.run.clock, resolve=os.path.realpath, working_directory=folder
    )


def open_phantoms(launch: Launch) -> Phantoms | None:
    """Return where phantoms of the launched server come from, if the reference seals that callers may get one."""
    rules = launch.server.reference.tools or NO_RULES
    return Phantoms(rules, confine(launch)) if rules.on_caller_drift is OnCallerDrift.PHANTOM else None


def local_caller(launch: Launch) -> Caller:
    """Return who stands at the other end of standard input and output: the user who started us, if the rules name it.

    What a client says of itself (`clientInfo`) is none of it.
    """
    rules = launch.server.reference.tools or NO_RULES
    local = next((each for each in rules.principals if each.kind is PrincipalKind.LOCAL), None)
    return Caller(principal=local, authenticated=f"local uid {os.getuid()}")
