"""Editable installations: what runs lies elsewhere, is changed at will, and so can never be what was sealed."""

from __future__ import annotations

import re
from typing import Final

from attest.codec import strict
from attest.errors import MalformedError, RefusedError
from attest.measure.facts import Facts
from attest.statement.observation import Key, Observation

_MAX_BYTES: Final = 64 * 1024
_TRACES: Final = re.compile(r"(?:.*/)?(?:__editable__[^/]*\.pth|__editable___[^/]*_finder\.py|[^/]+\.egg-link)")
_DIRECT_URL: Final = ".dist-info/direct_url.json"
_HINT: Final = "install a wheel of it: pip wheel --no-deps DIR, then pip install --force-reinstall --no-deps WHEEL"


def refuse_editables(observation: Observation) -> None:
    """Refuse trees with traces of setuptools' and other editable installations (PEP 660, PEP 610), approved or not."""
    facts = Facts(observation=observation, known={})
    for key in sorted(observation.files):
        if _TRACES.fullmatch(key[1]) or (key[1].endswith(_DIRECT_URL) and _is_editable(facts, key)):
            raise RefusedError(
                "/".join(key), "installed archives", "an editable installation, whose code lies elsewhere", hint=_HINT
            )


def _is_editable(facts: Facts, key: Key) -> bool:
    try:
        told = strict.parse(facts.read(key, _MAX_BYTES), where="/".join(key), max_bytes=_MAX_BYTES)
    except MalformedError:
        return False
    directory = told.get("dir_info") if isinstance(told, dict) else None
    return isinstance(directory, dict) and directory.get("editable") is True
