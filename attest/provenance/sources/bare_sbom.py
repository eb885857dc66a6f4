"""A bare SBOM: nobody signed it, so what it names is `locked` at best."""

from __future__ import annotations

from typing import Final

from attest.codec import strict
from attest.provenance.components.families import CYCLONEDX, SPDX, claimed_family
from attest.provenance.model import Component
from attest.provenance.source import Source
from attest.provenance.unsigned import unsigned_source


def _source(name: str, family: str) -> Source:
    def recognises(octets: bytes) -> bool:
        return claimed_family(octets) == family

    def read(octets: bytes, where: str) -> tuple[Component, ...]:
        from attest.provenance.components.sbom import read_sbom

        return read_sbom(strict.parse(octets, where=where), family, where=where)

    return unsigned_source(name, recognises, read)


CYCLONEDX_FILE: Final = _source("cyclonedx-file", CYCLONEDX)
SPDX_FILE: Final = _source("spdx-file", SPDX)
