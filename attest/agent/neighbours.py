"""After drift: whether the files are as a reference seals them that lies beside the given one, and was not given.

Most false alarms are updates. Nothing is decided by this, and no receipt tells it: a person is told what to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.agent.closure import Looks
from attest.agent.sealed import SealedServer, load_sealed
from attest.appraisal.choosing import is_as_sealed_on_disk
from attest.appraisal.state import make_findings
from attest.errors import AttestError
from attest.trust.trust import Trust

SUFFIX: Final = ".ref"
_MAX_LOOKED_AT: Final = 8
"""Each costs a look at every file of the server, while the server that drifted is still to be watched."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Where references may lie that nobody gave, and by whom they have to be signed."""

    trust: Trust
    places: Mapping[str, Path]

    def matching(self, server: SealedServer, looks: Looks, at: int) -> Path | None:
        """Return a reference of the same server, in the same folder, that the files are as; None if there is none."""
        for other in self._beside(server, at):
            findings = make_findings(looks.at(other, None).findings)
            if is_as_sealed_on_disk(findings):
                return other.path
        return None

    def _beside(self, server: SealedServer, at: int) -> Iterator[SealedServer]:
        given = {each.opened.digest for each in (server, *server.others)}
        paths = sorted(server.path.absolute().parent.glob(f"*{SUFFIX}"))
        for path in [each for each in paths if each.name != server.path.name][:_MAX_LOOKED_AT]:
            try:
                other = load_sealed(path, self.trust, at=at, places=self.places)
            except AttestError:
                continue
            if other.opened.digest not in given and other.reference.server.name == server.reference.server.name:
                yield other
