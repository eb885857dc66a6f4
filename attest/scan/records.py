"""What installers wrote down about their files: RECORD of Python distributions, locked archives of npm in its cache.

A record lies beside the files, and whoever can change them can change it too: it finds accidents and careless
attackers. An archive of a known digest proves more, and only what was sealed elsewhere is a reference.
"""

from __future__ import annotations

import base64
import binascii
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from attest.codec.files import read_file
from attest.errors import AttestError
from attest.measure.binding import Archive
from attest.measure.collectors.npm import NPM, read_tarball
from attest.measure.record import MAX_RECORD_BYTES, Row, read_record
from attest.statement.manifest import FileKind
from attest.statement.observation import Key, Observation, Observed

_INFO: Final = re.compile(r"(?:.*/)?(?P<name>[^/]+?)-(?P<version>[^/-]+)\.dist-info/RECORD")
_EDITABLE: Final = "direct_url.json"
_LOCK: Final = ".package-lock.json"
_MODULES: Final = "node_modules/"
_SHA512: Final = "sha512-"
_MAX_LOCK_BYTES: Final = 16 * 1024 * 1024


@dataclass(kw_only=True)
class Known:
    """What records say about the files of one place."""

    packages: list[str] = field(default_factory=list)
    recorded: set[Key] = field(default_factory=set)
    bound: set[Key] = field(default_factory=set)
    named: set[Key] = field(default_factory=set)
    """Named, with or without a digest; without one it is what the installer made itself."""
    uncompared: list[Key] = field(default_factory=list)
    """Folders of packages whose archive is not at hand: only their name and its integrity are known."""
    changed: set[str] = field(default_factory=set)
    editable: list[str] = field(default_factory=list)


def read_records(observation: Observation, *, npm_cache: str) -> Known:
    """Hold every record in the observed place against the files that it names."""
    known = Known()
    for key in sorted(observation.files):
        match = _INFO.fullmatch(key[1])
        if match is not None:
            known.packages.append(f"{match['name'].replace('_', '-')} {match['version']}")
            _take_distribution(known, observation, key)
    _take_npm(known, observation, npm_cache)
    return known


def _take_distribution(known: Known, observation: Observation, key: Key) -> None:
    where = f"{observation.places[key[0]]}/{key[1]}"
    try:
        rows = read_record(read_file(Path(where), max_bytes=MAX_RECORD_BYTES), where=where)
    except AttestError:
        known.changed.add(key[1])
        return
    site = posixpath.dirname(posixpath.dirname(key[1]))
    for row in rows:
        path = posixpath.normpath(posixpath.join(site, row.path))
        if path.startswith("../"):
            continue
        seen = observation.files.get((key[0], path))
        known.named.add((key[0], path))
        if row.digest is not None:
            _compare(known, row, path, seen)
    if (key[0], posixpath.join(posixpath.dirname(key[1]), _EDITABLE)) in observation.files:
        _note_editable(known, Path(where).parent)


def _compare(known: Known, row: Row, path: str, seen: Observed | None) -> None:
    if seen is None:
        # Byte code and caches go and come; whatever else was written down has to be there.
        if not path.endswith(".pyc"):
            known.changed.add(path)
    elif row.algorithm != "sha256" or seen.sha256 is None:
        return
    elif seen.sha256 == row.digest:
        known.recorded.add(seen.key)
    elif seen.type_ is FileKind.FILE:
        known.changed.add(path)


def _note_editable(known: Known, folder: Path) -> None:
    try:
        told = json.loads(read_file(folder / _EDITABLE, max_bytes=1 << 20))
    except (AttestError, ValueError, RecursionError):
        return
    if isinstance(told, dict) and isinstance(told.get("dir_info"), dict) and told["dir_info"].get("editable") is True:
        known.editable.append(folder.name.rpartition("-")[0])


def _take_npm(known: Known, observation: Observation, cache: str) -> None:
    """Compare packages with the archives that the lock inside `node_modules` names, as far as npm's cache has them."""
    read: dict[str, Archive] = {}
    for key in [key for key in observation.files if posixpath.basename(key[1]) == _LOCK]:
        known.named.add(key)
        for place, row in _locked(Path(observation.places[key[0]], key[1])):
            known.packages.append(f"{place.rpartition(_MODULES)[2]} {row.get('version', '')}".rstrip())
            digest = _sha512(row.get("integrity"))
            archive = read.get(digest) or _cached(cache, digest)
            if archive is None:
                folder = posixpath.join(posixpath.dirname(key[1]), place.removeprefix(_MODULES))
                known.uncompared.append((key[0], folder))
            else:
                read[digest] = archive
    for bound in NPM.bind_all(tuple(read.values()), observation) if read else ():
        known.bound |= set(bound.files)
        known.named |= set(bound.promised)
        if bound.found:
            known.changed |= {mismatch.key[1] for mismatch in bound.mismatches} | {key[1] for key in bound.missing}


def _locked(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        told = json.loads(read_file(path, max_bytes=_MAX_LOCK_BYTES))
    except (AttestError, ValueError, RecursionError):
        return
    packages = told.get("packages") if isinstance(told, dict) else None
    for place, row in packages.items() if isinstance(packages, dict) else ():
        if isinstance(row, dict) and place.startswith(_MODULES) and row.get("link") is not True:
            yield place, row


def _sha512(integrity: object) -> str:
    """Return the SHA-512 in hexadecimal, empty if the lock names none that can be read."""
    if not isinstance(integrity, str) or not integrity.startswith(_SHA512):
        return ""
    try:
        return base64.b64decode(integrity.removeprefix(_SHA512), validate=True).hex()
    except (binascii.Error, ValueError):
        return ""


def _cached(cache: str, digest: str) -> Archive | None:
    """Read the archive of a digest from npm's cache (`cacache`, content-v2); None if it is not there, or another."""
    path = Path(cache, "_cacache", "content-v2", "sha512", digest[:2], digest[2:4], digest[4:])
    if not digest or not path.is_file():
        return None
    try:
        archive = read_tarball(path)
    except AttestError:
        return None
    return archive if archive.digest.sha512 == digest else None
