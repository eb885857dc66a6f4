"""`--runtime REF`: the runtime that a server is sealed to run on, and whether it really leads there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attest.appraisal.process import sealed_executable
from attest.appraisal.runtime import judge_runtime
from attest.errors import RefusedError
from attest.measure.leading import leads_of
from attest.measure.process import file_identity
from attest.statement.manifest import Entry
from attest.statement.placeholders import expand
from attest.statement.predicates.runtime_reference import RuntimeDemand, RuntimeReference
from attest.statement.profile import ProcessProfile, Program
from attest.trust.loading import load_reference
from attest.trust.trust import Trust

OUTSIDE: Final = "what the reference of its runtime {name} leaves outside"


def open_runtime(path: Path | None, trust: Trust, *, at: int) -> RuntimeReference | None:
    """Open the reference of a runtime; None without one. Raises `RefusedError` for the reference of a server."""
    if path is None:
        return None
    runtime = load_reference(path, trust, at=at).predicate
    if runtime.program is None:
        raise RefusedError(
            f"--runtime {path}",
            "the reference of a runtime",
            f"one of {runtime.server.name}",
            hint="attest seal --runtime-of PROGRAM",
        )
    return runtime


def demand_of(runtime: RuntimeReference) -> RuntimeDemand:
    """Return what a server's reference says about its runtime."""
    return RuntimeDemand(name=runtime.server.name, sequence=runtime.validity.sequence)


def check_leads(
    program: Program,
    runtime: RuntimeReference,
    profile: ProcessProfile | None,
    entries: Sequence[Entry],
    places: Mapping[str, str],
) -> None:
    """Refuse a server whose command or environment does not lead to the executable of its runtime on this machine."""
    sealed = sealed_executable(profile) if profile is not None else None
    executable = expand(sealed, places) if sealed is not None else None
    leads = leads_of(executable, [(entry.root, entry.path) for entry in entries], places)
    if not leads:
        raise RefusedError(
            "--runtime",
            "a server that tells its interpreter",
            "neither an environment nor a command",
            hint="give the command that starts it: -- COMMAND",
        )
    path = expand(program.path, {place.name: place.path for place in runtime.places})
    for finding in judge_runtime(path, file_identity(path), leads, None):
        raise RefusedError(
            f"--runtime: {finding.where}",
            f"a way to {finding.expected}",
            finding.found or "none",
            hint="seal the runtime that it leads to: attest seal --runtime-of PROGRAM",
        )
    clash = {place.name for place in runtime.places} & places.keys()
    if clash:
        raise RefusedError("--runtime", "roots with other names than the runtime's", ", ".join(sorted(clash)))
