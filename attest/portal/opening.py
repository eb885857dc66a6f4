"""A gate for a launch: the sealed rules compiled, their ledger as the log left it."""

from __future__ import annotations

import os
from typing import Final

from attest.agent.launching.launch import Launch
from attest.appraisal.calls.compiling import compile_rules
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


def open_gate(launch: Launch) -> Gate:
    """Compile the rules of the launched server's reference, and count what the log says of calls under it.

    Raises `MalformedError` for rules that cannot be compiled, `UnavailableError` where an engine is not installed.
    """
    reference, clock = launch.server.reference, launch.run.clock
    rules = reference.tools or NO_RULES
    folder = launch.command.working_directory
    # The server that we start has our own root directory and mounts, so links lead where they lead for us.
    rulebook = compile_rules(rules, launch.server.places, os.path.realpath, working_directory=folder)
    ledger = rulebook.ledger()
    key = load_private(launch.request.key).public
    remember(ledger, rules, launch.request.log, key, reference=launch.server.opened.digest, clock=clock)
    sealed = GateRules(
        audit_only=reference.enforcement.audit_only,
        max_age_ms=reference.measurement.max_age_seconds * _SECOND,
        cycle_ms=reference.measurement.cycle_seconds * _SECOND,
        on_caller_drift=rules.on_caller_drift,
    )
    return Gate(sealed, rulebook, ledger)


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
