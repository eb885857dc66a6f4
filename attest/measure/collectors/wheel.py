"""Wheels (PyPA binary distribution format 1.x): from the archive to the files it installs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from attest.errors import MalformedError
from attest.measure.archive import ZipArchive, ZipMember
from attest.measure.binding import Archive, Member
from attest.measure.collectors.collector import Collector
from attest.measure.collectors.wheel_binding import bind_wheel, bind_wheels, normalised, outside_wheel
from attest.measure.copying import copied
from attest.measure.entry_points import read_commands
from attest.measure.record import MAX_RECORD_BYTES, Row, read_record
from attest.statement.digests import DigestSet

_FILENAME: Final = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_DIST_INFO: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]*)-(?P<version>[A-Za-z0-9._+!]+)\.dist-info")
_UNLISTED: Final = {"RECORD", "RECORD.jws", "RECORD.p7s"}
"""Members that RECORD cannot list, or need not."""
_SCHEMES: Final = {"data", "headers", "platlib", "purelib", "scripts"}
_TEXT_BYTES: Final = 4 * 1024 * 1024
_INTERPRETER_LINE: Final = b"#!python"


def recognises(path: Path) -> bool:
    """Return whether a file is called like a wheel."""
    return path.name.endswith(".whl")


def read_wheel(path: Path) -> Archive:
    """Read a wheel whole: digests of the file and of every member, checked against its RECORD.

    The file is copied first, so that what is read is what was hashed. Raises `MalformedError` and,
    where it cannot be read, `UnavailableError`. Tags are not held against any platform.
    """
    with copied(path) as (copy, digest):
        return _read(copy, digest, path.name)


def _read(stream: IO[bytes], digest: DigestSet, filename: str) -> Archive:
    archive = ZipArchive(stream, where=filename)
    label = _label(archive, filename)
    texts = _Texts(archive, label, filename)
    name, version = _identity(texts, label, filename)
    rows = _rows(texts, filename)
    members = tuple(_member(archive, member, rows, label, filename) for member in archive.members)
    unmet = rows.keys() - {member.path for member in archive.members}
    if unmet:
        raise MalformedError(f"{filename}: RECORD", "rows of members", min(unmet)[:120])
    commands = texts.get("entry_points.txt")
    generated = read_commands(commands, where=f"{filename}: entry_points.txt") if commands else ()
    return Archive(
        kind=NAME,
        name=name,
        version=version,
        purl=f"pkg:pypi/{normalised(name)}@{version}",
        filename=filename,
        digest=digest,
        members=members,
        label=label,
        generated=tuple(command.name for command in generated),
    )


class _Texts:
    """The small files of a wheel's `.dist-info`."""

    def __init__(self, archive: ZipArchive, label: str, filename: str) -> None:
        self._archive = archive
        self._filename = filename
        start = f"{label}/"
        self._members = {
            member.path.removeprefix(start): member for member in archive.members if member.path.startswith(start)
        }

    def get(self, name: str, most: int = _TEXT_BYTES) -> bytes | None:
        member = self._members.get(name)
        if member is None:
            return None
        if member.size > most:
            raise MalformedError(f"{self._filename}: {name}", f"at most {most} bytes", f"{member.size}")
        return b"".join(self._archive.read(member))

    def require(self, name: str, most: int = _TEXT_BYTES) -> bytes:
        octets = self.get(name, most)
        if octets is None:
            raise MalformedError(self._filename, f"a wheel with {name}", "none")
        return octets


def _label(archive: ZipArchive, filename: str) -> str:
    tops = {member.path.split("/", 1)[0] for member in archive.members}
    labels = sorted(top for top in tops if top.lower().endswith(".dist-info"))
    given, inside = _FILENAME.fullmatch(filename), _DIST_INFO.fullmatch(labels[0]) if labels else None
    if len(labels) != 1 or inside is None:
        raise MalformedError(filename, "a wheel with one NAME-VERSION.dist-info", str(labels)[:120])
    if given is None or (normalised(given["name"]), _loose(given["version"])) != (
        normalised(inside["name"]),
        _loose(inside["version"]),
    ):
        raise MalformedError(filename, f"a wheel named after its {labels[0]}", "another name")
    return labels[0]


def _loose(version: str) -> str:
    return version.replace("_", "-").replace("+", "-").lower()


def _identity(texts: _Texts, label: str, filename: str) -> tuple[str, str]:
    wheel = _headers(texts.require("WHEEL"))
    if not wheel.get("wheel-version", "").startswith("1."):
        raise MalformedError(filename, "Wheel-Version 1.x", wheel.get("wheel-version", "none")[:40])
    metadata = _headers(texts.require("METADATA"))
    name, version = metadata.get("name", ""), metadata.get("version", "")
    match = _DIST_INFO.fullmatch(label)
    named = match and (normalised(match["name"]), _loose(match["version"]))
    if named != (normalised(name), _loose(version)):
        raise MalformedError(filename, f"METADATA of {label}", f"{name} {version}"[:120])
    return name, version


def _headers(octets: bytes) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for line in octets.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if not line.strip():
            break
        if colon and not line[0].isspace():
            headers.setdefault(name.strip().lower(), value.strip())
    return headers


def _rows(texts: _Texts, filename: str) -> Mapping[str, Row]:
    octets = texts.require("RECORD", MAX_RECORD_BYTES)
    rows = read_record(octets, where=f"{filename}: RECORD")
    return {row.path: row for row in rows if row.algorithm is not None}


def _member(archive: ZipArchive, member: ZipMember, rows: Mapping[str, Row], label: str, filename: str) -> Member:
    row = rows.get(member.path)
    where = f"{filename}: {member.path}"
    listed = member.path not in {f"{label}/{name}" for name in _UNLISTED}
    _check_scheme(member.path, label, where)
    if listed and row is None:
        raise MalformedError(where, "a row with a hash in RECORD", "none")
    sha256, named = hashlib.sha256(), hashlib.new(row.algorithm if row and row.algorithm else "sha256")
    body, started = None, False
    script = f"{label.removesuffix('.dist-info')}.data/scripts/"
    for piece in archive.read(member):
        sha256.update(piece)
        named.update(piece)
        if not started and member.path.startswith(script) and piece.startswith(_INTERPRETER_LINE):
            first, feed, rest = piece.partition(b"\n")
            body = hashlib.sha256(rest) if feed and first else None
        elif body is not None:
            body.update(piece)
        started = True
    if row is not None and (row.digest != named.hexdigest() or row.size not in {None, member.size}):
        raise MalformedError(where, f"{row.algorithm} and size as in RECORD", "other content")
    return Member(
        path=member.path,
        size=member.size,
        sha256=sha256.hexdigest(),
        executable=member.executable,
        body_sha256=body.hexdigest() if body else None,
    )


def _check_scheme(path: str, label: str, where: str) -> None:
    data = f"{label.removesuffix('.dist-info')}.data/"
    if path.startswith(data) and path.removeprefix(data).partition("/")[0] not in _SCHEMES:
        raise MalformedError(where, f"a scheme of {', '.join(sorted(_SCHEMES))}", "another one")


NAME: Final = "wheel"

WHEEL: Final = Collector(
    name=NAME,
    recognises=recognises,
    read=read_wheel,
    outside=outside_wheel,
    bind=bind_wheel,
    together=bind_wheels,
    # A version for several Pythons or machines is several wheels, and their names say so.
    identity=lambda archive: archive.filename,
)
