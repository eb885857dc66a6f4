"""npm packages: tarballs through npm, and the attestations that the registry offers for them.

`npm pack` of a package of the registry runs nothing; `--ignore-scripts` is given all the same.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from attest.codec import strict
from attest.codec.files import write_file
from attest.errors import MalformedError, UnavailableError
from attest.fetch.client import run_client
from attest.fetch.wanted import Wanted
from attest.fetch.web import get

_HINT: Final = "install Node and npm; check the network, the name and the version"
_IMPATIENT: Final = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000")
"""Without a network npm would try each of a hundred packages three times, for minutes; milliseconds."""

_PER_CALL: Final = 50
"""Packages in one call of npm: an argument list has an end, and one call each takes half a second."""

_INTEGRITY_ALGORITHM: Final = "sha512"


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """One tarball that npm wrote: its package, its file name, its SHA-512 in hexadecimal."""

    name: str
    version: str
    filename: str
    sha512: str


class _Row(msgspec.Struct, frozen=True):
    name: str
    version: str
    filename: str
    integrity: str


class _Attestations(msgspec.Struct, frozen=True):
    url: str


class _Dist(msgspec.Struct, frozen=True):
    attestations: _Attestations | None = None


class _Version(msgspec.Struct, frozen=True):
    dist: _Dist


def lock(wanted: Wanted, folder: Path) -> bytes:
    """Return the package-lock.json of everything that an installation of this package needs; nothing is installed."""
    wish = {"private": True, "dependencies": {wanted.name: wanted.version or "*"}}
    write_file(folder / "package.json", [msgspec.json.encode(wish)])
    words = ["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
    run_client([*words, *_IMPATIENT], folder, hint=_HINT)
    return (folder / "package-lock.json").read_bytes()


def pack(wanted: Sequence[Wanted], folder: Path) -> tuple[Packed, ...]:
    """Download the tarballs of these packages, whose versions are set, into `folder`."""
    packed: list[Packed] = []
    for start in range(0, len(wanted), _PER_CALL):
        specs = [f"{each.name}@{each.version}" for each in wanted[start : start + _PER_CALL]]
        words = ["npm", "pack", "--json", "--ignore-scripts", *_IMPATIENT, "--pack-destination", str(folder), *specs]
        printed = run_client(words, folder, hint=_HINT)
        rows = strict.convert(strict.parse(printed, where="npm pack"), list[_Row], where="npm pack")
        packed += [_packed(row) for row in rows]
    return tuple(packed)


def registry_url(name: str, folder: Path) -> str:
    """Return the address of the registry that npm asks for a package, as its owner set it up."""
    scope = name.partition("/")[0] if name.startswith("@") else None
    for key in (*((f"{scope}:registry",) if scope else ()), "registry"):
        found = run_client(["npm", "config", "get", key], folder, hint=_HINT).decode("utf-8", "replace").strip()
        if found and found != "undefined":
            return found
    raise UnavailableError("npm", "a registry", "none", hint="npm config set registry URL")


def attestation(registry: str, name: str, version: str) -> bytes | None:
    """Return the attestations file that the registry offers for a version; None if it offers none.

    Nothing is verified here; the address has to be one of the registry itself.
    """
    base = registry.rstrip("/")
    document = get(f"{base}/{quote(name, safe='@')}/{quote(version, safe='')}")
    if document is None:
        return None
    parsed: Any = strict.parse(document, where=f"registry: {name}")
    offered = strict.convert(parsed, _Version, where=f"registry: {name}").dist.attestations
    if offered is None:
        return None
    if not offered.url.startswith(f"{base}/"):
        raise UnavailableError(f"registry: {name}", "attestations of the registry itself", offered.url[:200])
    return get(offered.url)


def _packed(row: _Row) -> Packed:
    algorithm, _, encoded = row.integrity.partition("-")
    if algorithm != _INTEGRITY_ALGORITHM or "/" in row.filename:
        raise MalformedError("npm pack", "a file name and a sha512 integrity", f"{row.filename} {row.integrity}"[:200])
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("npm pack", "a sha512 integrity", row.integrity[:200]) from error
    return Packed(name=row.name, version=row.version, filename=row.filename, sha512=digest.hex())
