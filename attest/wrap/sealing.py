"""Seal a server as it is installed now, audit-only, under a name of its own in the user's place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.seal.phases import Tell
from attest.seal.request import Rules, SealRequest, name_trees
from attest.seal.seal import seal
from attest.seal.writing import write_sealed
from attest.signing.keys import PrivateKey
from attest.trust.trust import Trust
from attest.wrap.judging import variables_of
from attest.wrap.model import Sealable
from attest.wrap.trees import mutable_in

_OTHERS: Final = re.compile(r"[^A-Za-z0-9@._+-]+")
_LIKE_OLD: Final = re.compile(r"-[0-9]+\Z")
"""`attest update` calls a reference so that it replaced."""
_LONGEST: Final = 100
_SUFFIX: Final = ".ref"


@dataclass(frozen=True, kw_only=True)
class Sealer:
    """Who seals, for whom, and where to."""

    references: Path
    trust: Trust
    load_key: Callable[[], PrivateKey]
    at: int
    tell: Tell

    def seal(self, sealable: Sealable, path: Path) -> None:
        """Seal with nothing but what lies here, and write the reference to `path`; raises what `seal` does.

        Without evidence every file is approved as it is: `attest update` ties it to what it was installed from.
        """
        request = SealRequest(
            trees=name_trees(sealable.trees, {}),
            allow_site=("*",),
            mutable=mutable_in(sealable.trees),
            name=path.name.removesuffix(_SUFFIX),
            command=sealable.words.words,
            parameters=sealable.words.parameters,
            given_in=Path(sealable.cwd),
            given_with=variables_of(sealable.server),
            rules=Rules(audit_only=True),
        )
        sealed = seal(request, self.trust, self.load_key, at=self.at, tell=self.tell)
        self.references.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_sealed(path, sealed)


def free_path(references: Path, name: str, taken: Collection[Path]) -> Path:
    """Return where the reference of a server is put: by its name, and a number if that is another's already."""
    plain = _OTHERS.sub("-", name).strip("-.+_")[:_LONGEST] or "server"
    plain = f"{plain}.server" if _LIKE_OLD.search(plain) else plain
    number = 1
    while True:
        path = references / f"{plain if number == 1 else f'{plain}.{number}'}{_SUFFIX}"
        if path not in taken and not path.exists():
            return path
        number += 1
