"""Packages of npm: from the tarball, as the index gives it out, to the files that npm and pnpm install.

An installer drops the first component of every name, whatever it is (`package/`, mostly). Here all members have to have
the same one, so that no two of them meet; links, which installers leave out without a word, are refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from attest.errors import MalformedError
from attest.measure.binding import Archive, Member
from attest.measure.collectors.collector import Collector
from attest.measure.collectors.npm_binding import bind_package, bind_packages, outside_packages
from attest.measure.copying import copied
from attest.measure.package_json import MAX_PACKAGE_BYTES, PackageJson, read_package
from attest.measure.tar.gunzip import gunzip
from attest.measure.tar.member import ENTRIES, MemberKind, TarMember, TarRules
from attest.measure.tar.reader import read_tar
from attest.statement.digests import DigestSet

# npm packs what `main` names as ./dist/index.js twice, as package/./dist/index.js, too: so is agent-base.
_RULES: Final = TarRules(kinds=ENTRIES, inner_dot=True, files_twice=True)
_CHUNK_BYTES: Final = 256 * 1024
_PACKAGE: Final = "package.json"
_GYP: Final = "binding.gyp"
_FIRST_LINE_BYTES: Final = 2048
"""How far npm looks for the end of a first line (`bin-links`, fix-bin)."""
_WINDOWS_LINE: Final = re.compile(rb"(#![^\n]+)\r\n")


def recognises(path: Path) -> bool:
    """Return whether a file is called like an npm tarball."""
    return path.name.endswith(".tgz")


def read_tarball(path: Path) -> Archive:
    """Read a tarball whole: digests of the file and of every member.

    The file is copied first, so that what is read is what was hashed. Raises `MalformedError` and, where it cannot be
    read, `UnavailableError`.
    """
    with copied(path) as (copy, digest):
        return _read(iter(lambda: copy.read(_CHUNK_BYTES), b""), digest, path.name)


@dataclass(kw_only=True)
class _Content:
    """What is in a tarball, without its first component."""

    files: dict[str, Member] = field(default_factory=dict)
    tops: set[str] = field(default_factory=set)
    package: bytes | None = None


def _read(packed: Iterable[bytes], digest: DigestSet, filename: str) -> Archive:
    content = _Content()
    for member, pieces in read_tar(gunzip(packed, where=filename), _RULES, where=filename):
        _take(content, member, pieces, filename)
    if len(content.tops) != 1 or content.package is None:
        tops = ", ".join(sorted(content.tops))[:120] or "none"
        raise MalformedError(filename, f"a tarball of one folder with a {_PACKAGE}", tops)
    package = read_package(content.package, where=f"{filename}: {_PACKAGE}")
    return Archive(
        kind=NAME,
        name=package.name,
        version=package.version,
        filename=filename,
        digest=digest,
        members=tuple(_as_installed(member, package) for member in content.files.values()),
        label=package.name,
        purl=f"pkg:npm/{quote(package.name, safe='/')}@{quote(package.version)}",
        generated=tuple(sorted(package.bin)),
        install_scripts=_scripts(package, content.files.values()),
    )


def _take(content: _Content, member: TarMember, pieces: Iterable[bytes], filename: str) -> None:
    top, _, path = member.path.partition("/")
    content.tops.add(top)
    if member.kind is MemberKind.DIRECTORY:
        return
    if not path:
        raise MalformedError(filename, "members in one folder", f"{ascii(top)[:120]} beside it")
    if path == _PACKAGE:
        if member.size > MAX_PACKAGE_BYTES:
            raise MalformedError(f"{filename}: {path}", f"at most {MAX_PACKAGE_BYTES} bytes", f"{member.size}")
        content.package = b"".join(pieces)
        pieces = (content.package,)
    made = _hashed(path, member, pieces)
    if content.files.setdefault(path, made) != made:
        raise MalformedError(filename, "the same content of a file that is there twice", f"two of {ascii(path)[:120]}")


def _hashed(path: str, member: TarMember, pieces: Iterable[bytes]) -> Member:
    whole, rewritten, head = hashlib.sha256(), None, b""
    looking = True
    for piece in pieces:
        whole.update(piece)
        if not looking:
            if rewritten is not None:
                rewritten.update(piece)
            continue
        head += piece
        looking = len(head) < _FIRST_LINE_BYTES and head.startswith(b"#!"[: len(head)])
        if not looking:
            rewritten = _rewritten(head)
    if looking:
        rewritten = _rewritten(head)
    return Member(
        path=path,
        size=member.size,
        sha256=whole.hexdigest(),
        executable=member.executable,
        rewritten_sha256=None if rewritten is None else rewritten.hexdigest(),
    )


def _rewritten(head: bytes) -> hashlib._Hash | None:
    """Begin the digest of what npm makes of a command whose first line ends as on Windows."""
    match = _WINDOWS_LINE.match(head, 0, _FIRST_LINE_BYTES)
    return None if match is None else hashlib.sha256(match[1] + b"\n" + head[match.end() :])


def _as_installed(member: Member, package: PackageJson) -> Member:
    """Commands become executable, and nothing else changes; commands of bundled packages are their own affair."""
    if "node_modules/" in member.path:
        return member
    if not package.is_program(member.path):
        return replace(member, rewritten_sha256=None)
    return replace(member, executable=True)


def _scripts(package: PackageJson, members: Iterable[Member]) -> tuple[str, ...]:
    builds = package.gypfile and not {"preinstall", "install"} & set(package.scripts)
    if builds and any(member.path == _GYP for member in members):
        return (*package.scripts, _GYP)
    return package.scripts


NAME: Final = "npm"

NPM: Final = Collector(
    name=NAME,
    recognises=recognises,
    read=read_tarball,
    outside=outside_packages,
    bind=bind_package,
    together=bind_packages,
    identity=lambda archive: f"{archive.name} {archive.version}",
)
