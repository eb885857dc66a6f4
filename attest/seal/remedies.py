"""What to do about files that nothing explains, where their names tell it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from attest.statement.observation import Key

GENERAL: Final = "give the archives they came from (--artifact), or approve them by name (--allow-site GLOB)"
_BUNDLED: Final = re.compile(
    r"(?P<prefix>.*?)lib/(?P<python>python[0-9.]+)/site-packages/(?P<name>pip|setuptools)-(?P<version>[^-/]+)\.dist-info/METADATA"
)


def remedy_for(keys: Iterable[Key], places: Mapping[str, str]) -> str:
    """Return one line; for pip in an environment, the flags that name the wheels which `python -m venv` installed."""
    wheels = sorted({wheel for root, path in keys if (wheel := _bundled_wheel(places[root], path)) is not None})
    if not wheels:
        return GENERAL
    flags = " ".join(f"--artifact {wheel}" for wheel in wheels)
    return f"python -m venv installed pip: {flags}; or make the environment with --without-pip"


def _bundled_wheel(place: str, path: str) -> str | None:
    match = _BUNDLED.fullmatch(path)
    if match is None:
        return None
    link = Path(place, match["prefix"], "bin/python")
    base = link.resolve().parent.parent
    # Debian and Fedora keep the wheels of ensurepip in the second folder.
    folders = (base / "lib" / match["python"] / "ensurepip/_bundled", base / "share/python-wheels")
    found = [wheel for folder in folders for wheel in folder.glob(f"{match['name']}-{match['version']}-*.whl")]
    return str(min(found)) if found else None
