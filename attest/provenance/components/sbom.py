"""Any SBOM, told by its content: CycloneDX JSON, SPDX 2 JSON, SPDX 3 JSON-LD; also as the predicate of an attestation.

The predicate type says which family to expect, the content which version it is; the two have to agree.
"""

from __future__ import annotations

from typing import Any, Final

from attest.codec import strict
from attest.errors import MalformedError
from attest.provenance.components.families import CYCLONEDX, PREDICATE_TYPES, SPDX, announced_family
from attest.provenance.model import Component

_COSIGN: Final = "Data"
"""The only field, but for a time stamp, in which cosign 1 wrapped a predicate."""


def read_sbom(document: Any, family: str, *, where: str) -> tuple[Component, ...]:  # noqa: ANN401  (a JSON value)
    """Return the components of a parsed SBOM of that family; raise `MalformedError` for any other document."""
    # Each reader brings many records; a bundle has one or two kinds of them, and is verified in a new process.
    if family == CYCLONEDX:
        from attest.provenance.components.cyclonedx import read_cyclonedx

        return read_cyclonedx(document, where=where)
    if isinstance(document, dict) and "@context" in document:
        from attest.provenance.components.spdx3 import read_spdx3

        return read_spdx3(document, where=where)
    from attest.provenance.components.spdx2 import read_spdx2

    return read_spdx2(document, where=where)


def read_predicate(predicate: Any, predicate_type: str, *, where: str) -> tuple[Component, ...]:  # noqa: ANN401
    """Return the components of the SBOM that is the predicate of an attestation, in each form that signers write.

    cosign writes SPDX as a string that holds JSON, and its first version wrapped it in `Data`. Raises `MalformedError`.
    """
    family = announced_family(predicate_type)
    if family is None:
        raise MalformedError(f"{where}: predicateType", " or ".join(PREDICATE_TYPES), ascii(predicate_type)[:120])
    if isinstance(predicate, dict) and predicate.keys() <= {_COSIGN, "Timestamp"} and _COSIGN in predicate:
        predicate = predicate[_COSIGN]
    if isinstance(predicate, str) and family == SPDX:
        predicate = _parse(predicate, where)
    return read_sbom(predicate, family, where=where)


def _parse(text: str, where: str) -> Any:  # noqa: ANN401  (a JSON value)
    try:
        return strict.parse(text.encode(), where=where)
    except MalformedError as error:
        # `cosign attest --type spdx` signs whatever it is given as a string.
        hint = "sign the JSON form of SPDX, not the tag-value form: cosign attest --type spdxjson"
        raise MalformedError(error.where, "SPDX as strict JSON", error.found, hint=hint) from error
