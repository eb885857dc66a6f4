"""pnpm-state: what pnpm notes about its installation, for itself (`.modules.yaml`, `.pnpm-workspace-state-v1.json`)."""

from __future__ import annotations

import posixpath
import re
from typing import Any, Final

from attest.codec import strict
from attest.errors import MalformedError
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived
from attest.measure.facts import Facts
from attest.statement.observation import Derivation

_MAX_BYTES: Final = 4 * 1024 * 1024
_NANOSECONDS: Final = re.compile(rb'(?P<name>"[A-Za-z]{1,20}Ns": )[0-9]{16,20}(?=[,\n])')
"""Times that are too large for the numbers of JSON, as most programs read it."""
_STORE: Final = "virtualStoreDir"
_FIELDS: Final = {
    ".modules.yaml": {
        "allowBuilds",
        "hoistPattern",
        "hoistedAliases",
        "hoistedDependencies",
        "hoistedLocations",
        "ignoredBuilds",
        "included",
        "injectedDeps",
        "layoutVersion",
        "nodeLinker",
        "packageManager",
        "pendingBuilds",
        "prunedAt",
        "publicHoistPattern",
        "registries",
        "skipped",
        "storeDir",
        _STORE,
        "virtualStoreDirMaxLength",
    },
    ".pnpm-workspace-state-v1.json": {
        "catalogs",
        "configDependencies",
        "filteredInstall",
        "lastValidatedTimestamp",
        "pnpmfiles",
        "projects",
        "settings",
        "validation",
    },
}
"""The fields that pnpm 9, 10 and 12 write."""


def claims(path: str) -> bool:
    """Return whether the file is called like one."""
    return posixpath.basename(path) in _FIELDS


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Accept known fields beside a `.pnpm`, which is where the file says that packages are.

    Their values are times, places and settings of one installation. Only pnpm reads them.
    """
    folder, name = posixpath.split(path)
    if not is_plain(facts, (root, path)):
        return underived("not a plain file")
    try:
        told = _parse(facts.read((root, path), _MAX_BYTES), path)
    except MalformedError as error:
        return underived(str(error))
    store = posixpath.join(folder, ".pnpm", "lock.yaml")
    if not isinstance(told, dict) or not told.keys() <= _FIELDS[name] or told.get(_STORE, ".pnpm") != ".pnpm":
        return underived("other fields than a known pnpm writes")
    if facts.observed((root, store)) is None:
        return underived("no packages of pnpm beside it")
    return Derivation(rule=RULE.name, inputs=())


def _parse(octets: bytes, path: str) -> Any:  # noqa: ANN401  (a JSON value)
    """Parse JSON, which pnpm 10 writes whatever the file is called, or the YAML of pnpm 9."""
    if octets.lstrip().startswith((b"{", b"[")):
        return strict.parse(_NANOSECONDS.sub(rb"\g<name>0", octets), where=path, max_bytes=_MAX_BYTES)
    from attest.codec.yaml_subset import read_yaml

    return read_yaml(octets, where=path)


RULE: Final = Rule(name="pnpm-state", required=False, claims=claims, derive=derive)
