"""pnpm's lock file, `pnpm-lock.yaml` of versions 6 to 9 (pnpm 8 to 12): `integrity` covers the tarball of a package."""

from __future__ import annotations

import re
from typing import Final

from attest.codec import strict
from attest.codec.records import Line
from attest.codec.yaml_subset import Value, read_yaml
from attest.errors import MalformedError
from attest.provenance.components.contents import limited
from attest.provenance.components.integrity import read_integrity
from attest.provenance.components.npm_lock import npm_purl
from attest.provenance.model import Component

_VERSIONS: Final = ("6.", "7.", "9.")
_KEY: Final = re.compile(r"/?(?P<name>(?:@[^/@()]+/)?[^/@()]+)@(?P<version>[0-9][^()/]*)(?:\(.*\))?")
"""`@scope/name@1.0.0`; version 6 puts a slash before and the peers behind, `/name@1.0.0(peer@2.0.0)`."""


def read_pnpm_lock(octets: bytes, where: str) -> tuple[Component, ...]:
    """Return every package; raise `MalformedError` for what is no YAML of pnpm's kind, and for older versions."""
    lock = _mapping(read_yaml(octets, where=where), where)
    version = lock.get("lockfileVersion")
    if not isinstance(version, str) or not version.startswith(_VERSIONS):
        hint = "write it anew with pnpm 8 or later: pnpm install --lockfile-only"
        raise MalformedError(f"{where}: lockfileVersion", "6 to 9", ascii(version)[:40], hint=hint)
    packages = _mapping(lock.get("packages", {}), f"{where}: packages")
    found = (_component(key, value, f"{where}: {ascii(key)[:120]}") for key, value in packages.items())
    return tuple(limited(found, where=where))


def _component(key: str, value: Value, where: str) -> Component:
    resolution = _mapping(_mapping(value, where).get("resolution", ""), f"{where}: resolution")
    integrity = resolution.get("integrity")
    if integrity is not None and not isinstance(integrity, str):
        raise MalformedError(f"{where}: integrity", "text", type(integrity).__name__)
    match = _KEY.fullmatch(key)
    name = strict.convert(key if match is None else match["name"], Line, where=where)
    version = None if match is None else match["version"]
    return Component(
        name=name,
        version=version,
        purl=None if match is None else npm_purl(name, version),
        archives=() if integrity is None else read_integrity(integrity, where=where),
    )


def _mapping(value: Value, where: str) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise MalformedError(where, "a mapping", type(value).__name__)
    return value
