"""Which SBOM a document or a predicate type claims to be; told without reading either."""

from typing import Final

import msgspec

CYCLONEDX: Final = "CycloneDX"
SPDX: Final = "SPDX"

PREDICATE_TYPES: Final = {"https://cyclonedx.org/bom": CYCLONEDX, "https://spdx.dev/Document": SPDX}
"""Each alone, or followed by `/` and a version, which is not believed: the document names its own."""


class _Claim(msgspec.Struct, frozen=True):
    bom_format: str | None = msgspec.field(name="bomFormat", default=None)
    spdx_version: str | None = msgspec.field(name="spdxVersion", default=None)
    context: str | None = msgspec.field(name="@context", default=None)


def claimed_family(octets: bytes) -> str | None:
    """Return which family of SBOM a file claims to be, or None; NOTHING else is known about it."""
    try:
        claim = msgspec.json.decode(octets, type=_Claim)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if claim.bom_format == CYCLONEDX:
        return CYCLONEDX
    if claim.spdx_version is not None or (claim.context or "").startswith("https://spdx.org/rdf/"):
        return SPDX
    return None


def announced_family(predicate_type: str) -> str | None:
    """Return which family a predicate type announces, or None if it announces no SBOM."""
    for prefix, family in PREDICATE_TYPES.items():
        if predicate_type == prefix or predicate_type.startswith(f"{prefix}/"):
            return family
    return None
