"""npm-lock: `package-lock.json` and `node_modules/.package-lock.json` name what is installed, and nothing else."""

from __future__ import annotations

import binascii
import hashlib
import posixpath
from dataclasses import dataclass
from typing import Any, Final

from attest.codec import strict
from attest.codec.octets import from_base64
from attest.codec.paths import check_relative
from attest.errors import MalformedError
from attest.measure.derivations.node_package import package_key, sealed_package
from attest.measure.derivations.rule import Outcome, Rule, is_plain, underived
from attest.measure.facts import Facts
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation

_HIDDEN: Final = ".package-lock.json"
_VISIBLE: Final = "package-lock.json"
_MODULES: Final = "node_modules"
_MAX_BYTES: Final = 16 * 1024 * 1024
_TOP: Final = {"lockfileVersion", "name", "packages", "requires", "version"}
_VERSIONS: Final = {2, 3}
_ABSENT: Final = ("optional", "devOptional", "dev", "peer")
"""Why a package may be locked and not installed: another platform, no development."""
_ALGORITHM: Final = "sha512-"


def claims(path: str) -> bool:
    """Return whether the file is called like one."""
    return posixpath.basename(path) in {_HIDDEN, _VISIBLE}


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Hold every package that it names against the sealed one at that place, by name, version and archive.

    Whatever else it says about a package (licence, engines, where it was got from) is not judged: it runs nothing.
    """
    folder, name = posixpath.split(path)
    if not is_plain(facts, (root, path)):
        return underived("not a plain file")
    below = folder if name == _HIDDEN else posixpath.join(folder, _MODULES)
    place = _Place(facts=facts, root=root, below=below, hidden=name == _HIDDEN)
    try:
        packages = _packages(facts.read((root, path), _MAX_BYTES), path)
        rows = [_row(place, location, item) for location, item in sorted(packages.items()) if location]
    except MalformedError as error:
        return underived(str(error))
    digest = hashlib.sha256("".join(rows).encode()).hexdigest()
    folders = f"{root}/{below}/" if below else f"{root}/"
    return Derivation(rule=RULE.name, inputs=(folders, f"packages=sha256:{digest}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where the packages of a lock file are."""

    facts: Facts
    root: str
    below: str
    """The `node_modules`: a folder of the root, or empty if the root is one."""
    hidden: bool
    """Whether it is the lock inside, which names only what is installed."""

    def of(self, location: str) -> str:
        """Return the folder in the root of a package, which a lock names from the project's folder."""
        if not location.startswith(f"{_MODULES}/"):
            raise MalformedError(location, f"a place in {_MODULES}", "another one")
        return posixpath.join(self.below, location.removeprefix(f"{_MODULES}/"))


def _packages(octets: bytes, where: str) -> dict[str, Any]:
    told = strict.parse(octets, where=where, max_bytes=_MAX_BYTES)
    if not isinstance(told, dict) or not told.keys() <= _TOP or told.get("lockfileVersion") not in _VERSIONS:
        raise MalformedError(where, "a lock file of version 2 or 3 without old fields", "another one")
    packages = told.get("packages")
    if not isinstance(packages, dict) or not all(isinstance(item, dict) for item in packages.values()):
        raise MalformedError(where, "packages by their place", "something else")
    return packages


def _row(place: _Place, location: str, item: dict[str, Any]) -> str:
    check_relative(location, where="package")
    facts, there = place.facts, place.of(location)
    if item.get("link") is True:
        seen = facts.observed((place.root, there))
        if seen is None or seen.type_ is not FileKind.LINK:
            raise MalformedError(location, "a link", "none")
        return f"{location}\0link\n"
    version, integrity = item.get("version"), item.get("integrity")
    package = sealed_package(facts, place.root, there)
    if package is None:
        absent = facts.observed(package_key(place.root, there)) is None
        if place.hidden or not absent or not any(item.get(why) is True for why in _ABSENT):
            raise MalformedError(location, "a sealed package", "none")
    elif (package.name, package.version) != (item.get("name", location.rpartition(f"{_MODULES}/")[2]), version):
        raise MalformedError(location, f"{package.name}@{package.version}", f"version {str(version)[:80]}")
    elif integrity is not None and _sha512(integrity, location) not in facts.integrities:
        raise MalformedError(location, "the integrity of an archive at hand", str(integrity)[:120])
    return f"{location}\0{version}\0{integrity or ''}\n"


def _sha512(integrity: object, where: str) -> str:
    if not isinstance(integrity, str) or not integrity.startswith(_ALGORITHM):
        raise MalformedError(where, "an integrity in SHA-512", str(integrity)[:80])
    return binascii.hexlify(from_base64(integrity.removeprefix(_ALGORITHM), where=where)).decode()


RULE: Final = Rule(name="npm-lock", required=False, claims=claims, derive=derive)
