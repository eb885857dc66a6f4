"""tool-receipt: what pipx and `uv tool` note about an environment that they made for one program; nothing loads it."""

from __future__ import annotations

import re
from typing import Any, Final

from attest.codec import strict
from attest.errors import MalformedError
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived, written
from attest.measure.derivations.virtual_environment import configuration_of
from attest.measure.facts import Facts
from attest.statement.observation import Derivation, Key

PIPX: Final = "pipx_metadata.json"
UV: Final = "uv-receipt.toml"
_MAX_BYTES: Final = 256 * 1024
_METADATA: Final = re.compile(r"lib/[^/]+/site-packages/(?P<name>[^/]+)-[^/-]+\.dist-info/METADATA")


def claims(path: str) -> bool:
    """Return whether the file is called like one."""
    return path.rpartition("/")[2] in {PIPX, UV}


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept a note beside a `pyvenv.cfg` about a distribution that is sealed in this environment."""
    folder, slash, name = path.rpartition("/")
    if configuration_of(facts, root, folder + slash) is None:
        return None
    if not is_plain(facts, (root, path)):
        return underived("not a plain file")
    octets = facts.read((root, path), _MAX_BYTES)
    package = _pipx_package(octets) if name == PIPX else _uv_package(octets)
    metadata = _metadata(facts, root, folder + slash, package) if package else None
    if metadata is None:
        return underived("not about a program whose archive is bound here")
    return Derivation(rule=RULE.name, inputs=(written(metadata),))


def _pipx_package(octets: bytes) -> str | None:
    try:
        told = strict.parse(octets, where=PIPX, max_bytes=_MAX_BYTES)
    except MalformedError:
        return None
    main = told.get("main_package") if isinstance(told, dict) and "pipx_metadata_version" in told else None
    return _text(main.get("package")) if isinstance(main, dict) else None


def _uv_package(octets: bytes) -> str | None:
    import tomllib

    try:
        told = tomllib.loads(octets.decode("utf-8"))
    except ValueError:
        return None
    tool = told.get("tool")
    requirements = tool.get("requirements") if isinstance(tool, dict) and told.keys() == {"tool"} else None
    first = requirements[0] if isinstance(requirements, list) and requirements else None
    return _text(first.get("name")) if isinstance(first, dict) else None


def _text(value: Any) -> str | None:  # noqa: ANN401  (a value of a document)
    return value if isinstance(value, str) else None


def _metadata(facts: Facts, root: str, folder: str, package: str) -> Key | None:
    for key in sorted(facts.known):
        match = _METADATA.fullmatch(key[1].removeprefix(folder)) if key[0] == root else None
        if match is not None and _normal(match["name"]) == _normal(package) and facts.sealed(key):
            return key
    return None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


RULE: Final = Rule(name="tool-receipt", required=False, claims=claims, derive=derive)
