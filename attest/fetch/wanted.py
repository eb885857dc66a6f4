"""What a person wants fetched, as values: packages by name and version, and which archives of them will do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec

from attest.errors import MalformedError, UnavailableError
from attest.statement.digests import DigestSet


class Ecosystem(StrEnum):
    """Which kind of index a package comes from; the type of its purl."""

    PYPI = "pypi"
    NPM = "npm"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One package; with `archives`, only an archive of one of these digests will do."""

    ecosystem: Ecosystem
    name: str
    version: str | None = None
    archives: tuple[DigestSet, ...] = ()


_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_VERSION: Final = r"[A-Za-z0-9][A-Za-z0-9._+!~-]*"
_PYPI: Final = re.compile(rf"(?P<name>{_NAME})(?:(?:==|@)(?P<version>{_VERSION}))?")
_NPM: Final = re.compile(rf"(?P<name>(?:@[a-z0-9][a-z0-9._~-]*/)?[a-z0-9][a-z0-9._~-]*)(?:@(?P<version>{_VERSION}))?")
_FORMS: Final = {Ecosystem.PYPI: _PYPI, Ecosystem.NPM: _NPM}
_PURL: Final = re.compile(r"pkg:(?P<type>[a-z]+)/(?P<path>[^?#]+)(?:\?[^#]*)?(?:#.*)?")
_DIST_INFO: Final = re.compile(rf"(?P<name>{_NAME})-(?P<version>{_VERSION})\.dist-info")


def parse_wanted(text: str) -> Wanted:
    """Read a purl (`pkg:npm/%40scope/name@1.2`) or a package: `name==1.2`, `@scope/name@1.2`, `npm:name@1.2`.

    A bare name is one of PyPI. Raises `MalformedError`: what does not look like a name never reaches a client.
    """
    match = _PURL.fullmatch(text)
    if match is not None:
        return _named(match["type"], unquote(match["path"]), text)
    kind, colon, rest = text.partition(":")
    if colon:
        return _named(kind, rest, text)
    return _named(Ecosystem.NPM if text.startswith("@") else Ecosystem.PYPI, text, text)


def wanted_of(purl: str | None, archives: tuple[DigestSet, ...]) -> Wanted | None:
    """Return the package of a lock file's row, None if it is of no index that can be asked."""
    match = _PURL.fullmatch(purl or "")
    if match is None or match["type"] not in set(Ecosystem):
        return None
    return msgspec.structs.replace(parse_wanted(str(purl)), archives=archives)


def installed_in(tree: Path) -> tuple[Wanted, ...]:
    """Return the Python packages that are installed below `tree`, as the names of their `.dist-info` say."""
    try:
        found = {each for folder in _sites(tree) for each in _distributions(folder)}
    except OSError as error:
        raise UnavailableError(str(tree), "a readable directory", error.strerror or "an error") from error
    if not found:
        hint = "for a Node project give its package-lock.json"
        raise MalformedError(str(tree), "installed Python packages", "none", hint=hint)
    return tuple(Wanted(ecosystem=Ecosystem.PYPI, name=name, version=version) for name, version in sorted(found))


def _named(kind: str, text: str, whole: str) -> Wanted:
    if kind not in set(Ecosystem):
        raise MalformedError("package", f"one of {' or '.join(Ecosystem)}", ascii(whole)[:120])
    match = _FORMS[Ecosystem(kind)].fullmatch(text)
    if match is None:
        raise MalformedError("package", f"NAME or NAME@VERSION of {kind}", ascii(whole)[:120])
    return Wanted(ecosystem=Ecosystem(kind), name=match["name"], version=match["version"])


def _sites(tree: Path) -> Iterator[Path]:
    yield tree
    yield from sorted(tree.glob("lib*/python*/site-packages"))
    yield from sorted(tree.glob("lib*/python*/dist-packages"))


def _distributions(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.iterdir():
        match = _DIST_INFO.fullmatch(path.name)
        if match is not None:
            yield match["name"].replace("_", "-"), match["version"]
