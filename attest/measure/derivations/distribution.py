"""The installed distribution that a file in a `.dist-info` directory belongs to."""

from __future__ import annotations

import re
from typing import Final

from attest.measure.facts import Facts
from attest.statement.observation import Key

_DIRECTORY: Final = re.compile(r"(?P<site>(?:.*/)?)(?P<label>[^/]+\.dist-info)/(?P<name>[^/]+)")


def is_metadata(path: str, name: str) -> bool:
    """Return whether the path is that of the file `name` in some `.dist-info`."""
    return path.endswith(f".dist-info/{name}")


def label_of(path: str) -> str | None:
    """Return the name of the `.dist-info` directory that the file lies in, if it does."""
    match = _DIRECTORY.fullmatch(path)
    return match["label"] if match else None


def metadata_of(facts: Facts, root: str, path: str) -> Key | None:
    """Return the sealed METADATA beside a file; None if there is none, and so no distribution."""
    match = _DIRECTORY.fullmatch(path)
    if match is None:
        return None
    key = (root, f"{match['site']}{match['label']}/METADATA")
    return key if facts.sealed(key) else None
