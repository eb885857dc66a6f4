"""Which reference of a runtime a server may be measured with; `predicates/runtime-reference.md`, Runtimes.

By name and sequence, not by digest: whoever updates an interpreter seals one document, and the servers stay sealed. So
everything depends on the sealer role: only a trusted sealer's reference is ever asked.
"""

from __future__ import annotations

from attest.errors import RefusedError
from attest.statement.predicates.runtime_reference import RuntimeDemand, RuntimeReference


def check_demand(demand: RuntimeDemand, runtime: RuntimeReference, *, where: str) -> None:
    """Refuse a reference that is not the demanded runtime's, or that is older than the one the server was sealed with.

    The reference has to be opened already (`attest.trust.references`); whether it is valid now is judged elsewhere.
    """
    if runtime.program is None:
        raise RefusedError(
            where,
            "the reference of a runtime",
            f"one of the server {runtime.server.name}",
            hint="attest seal --runtime-of PROGRAM",
        )
    if runtime.server.name != demand.name:
        raise RefusedError(where, f"the runtime {demand.name}", runtime.server.name)
    if runtime.validity.sequence < demand.sequence:
        raise RefusedError(
            where,
            f"{demand.name} of sequence {demand.sequence} or higher",
            f"{runtime.validity.sequence}",
            hint="an older reference of the runtime is refused: use the newest",
        )
