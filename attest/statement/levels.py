"""The ordered words: where a digest comes from, what was measured, how the measurer was kept apart."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Origin(StrEnum):
    """How the digest of a file is known; ARCHITECTURE 3.1."""

    BUILT = "built"
    LISTED = "listed"
    LOCKED = "locked"
    DERIVED = "derived"
    SITE = "site"


ORIGIN_RANK: Final = {Origin.SITE: 0, Origin.LOCKED: 1, Origin.LISTED: 2, Origin.BUILT: 3}
"""From weakest to strongest; a derived file has the rank of its worst input and none of its own."""


class Binding(StrEnum):
    """What a measurement was about, strongest first."""

    LAUNCHED = "launched"
    ADOPTED = "adopted"
    TREE = "tree"
    REMOTE = "remote"


BINDING_RANK: Final = {Binding.REMOTE: 0, Binding.TREE: 1, Binding.ADOPTED: 2, Binding.LAUNCHED: 3}

OF_A_PROCESS: Final = frozenset({Binding.ADOPTED, Binding.LAUNCHED})
"""What may be said of a measurement only if it shows its process."""


class Isolation(StrEnum):
    """How the measurer was kept apart from the server, strongest first; same-uid if the server could signal us."""

    PRIVILEGED = "privileged"
    OTHER_UID = "other-uid"
    SAME_UID = "same-uid"


ISOLATION_RANK: Final = {Isolation.SAME_UID: 0, Isolation.OTHER_UID: 1, Isolation.PRIVILEGED: 2}
