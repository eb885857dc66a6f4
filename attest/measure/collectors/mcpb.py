"""MCP bundles (`.mcpb`, once `.dxt`): a zip archive with a manifest.json, which hosts unpack into a directory.

`mcpb sign` appends `MCPB_SIG_V1`, a length, a detached PKCS #7 signature over what stands before it, and
`MCPB_SIG_END`; newer versions also call that block the zip archive's comment. Hosts cut it off, and so does this: the
signature is not checked, since nobody named its signers, and proves nothing here. Build evidence may be about the file
before or after it was signed: both digests are known.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from attest.codec import strict
from attest.errors import MalformedError
from attest.measure.archive import ZipArchive, ZipMember
from attest.measure.binding import Archive, Member
from attest.measure.collectors.collector import Collector
from attest.measure.collectors.mcpb_binding import MANIFEST, bind_mcpb, outside_mcpb
from attest.measure.copying import copied
from attest.statement.digests import DigestSet

SUFFIXES: Final = (".mcpb", ".dxt")
MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024
MAX_SIGNATURE_BYTES: Final = 1024 * 1024
_HEADER: Final = b"MCPB_SIG_V1"
_FOOTER: Final = b"MCPB_SIG_END"
_LENGTH: Final = struct.Struct("<I")
_COMMENT_LENGTH_AT: Final = 2
"""From the end of a zip archive without comment: its last field, two bytes."""
_CHUNK_BYTES: Final = 256 * 1024


def recognises(path: Path) -> bool:
    """Return whether a file is called like one."""
    return path.name.endswith(SUFFIXES)


def read_mcpb(path: Path) -> Archive:
    """Read a bundle whole; raises `MalformedError` for a hostile one, `UnavailableError`."""
    with copied(path) as (copy, digest):
        signature = signature_length(copy, path.name)
        archive = ZipArchive(copy, where=path.name, trailing=signature)
        manifest = _manifest(archive, path.name)
        members = tuple(_member(archive, member) for member in archive.members)
        aliases = (_unsigned(copy, signature),) if signature else ()
    name, version = _text(manifest, "name", path.name), _text(manifest, "version", path.name)
    return Archive(
        kind=NAME,
        name=name,
        version=version,
        purl=f"pkg:generic/{name}@{version}",
        filename=path.name,
        digest=digest,
        aliases=aliases,
        members=members,
        label=MANIFEST,
        command=_command(manifest, path.name),
    )


def signature_length(stream: IO[bytes], where: str) -> int:
    """Return how many bytes the signature block at the end has; 0 without one."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - MAX_SIGNATURE_BYTES))
    tail = stream.read()
    if not tail.endswith(_FOOTER):
        return 0
    at = tail.rfind(_HEADER)
    body = tail[at + len(_HEADER) : -len(_FOOTER)]
    if at < 0 or len(body) < _LENGTH.size or _LENGTH.unpack_from(body)[0] != len(body) - _LENGTH.size:
        raise MalformedError(where, "a signature block of the length that it says", "another one")
    return len(tail) - at


def _unsigned(stream: IO[bytes], signature: int) -> DigestSet:
    """The digests of the file as it was before it was signed: without the block, and without a comment."""
    left = stream.seek(0, os.SEEK_END) - signature - _COMMENT_LENGTH_AT
    stream.seek(0)
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    while left and (piece := stream.read(min(left, _CHUNK_BYTES))):
        left -= len(piece)
        sha256.update(piece)
        sha512.update(piece)
    for digest in (sha256, sha512):
        digest.update(bytes(_COMMENT_LENGTH_AT))
    return DigestSet(sha256=sha256.hexdigest(), sha512=sha512.hexdigest())


def _member(archive: ZipArchive, member: ZipMember) -> Member:
    sha256 = hashlib.sha256()
    for piece in archive.read(member):
        sha256.update(piece)
    # `mcpb pack` writes permissions without a file type, and hosts restore them.
    executable = member.permissions & 0o111 != 0
    return Member(path=member.path, size=member.size, sha256=sha256.hexdigest(), executable=executable)


def _manifest(archive: ZipArchive, where: str) -> Mapping[str, Any]:
    found = [member for member in archive.members if member.path == MANIFEST]
    if not found or found[0].size > MAX_MANIFEST_BYTES:
        raise MalformedError(where, f"a bundle with a {MANIFEST} of at most {MAX_MANIFEST_BYTES} bytes", "none")
    octets = b"".join(archive.read(found[0]))
    manifest = strict.parse(octets, where=f"{where}: {MANIFEST}", max_bytes=MAX_MANIFEST_BYTES)
    if not isinstance(manifest, dict):
        raise MalformedError(f"{where}: {MANIFEST}", "an object", type(manifest).__name__)
    return manifest


def _text(values: Mapping[str, Any], name: str, where: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise MalformedError(f"{where}: {MANIFEST}: {name}", "a printable text", ascii(value)[:40])
    return value


def _command(manifest: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """What a host starts: `server.mcp_config`; the words for other platforms than this one's are not looked at."""
    server = manifest.get("server")
    configuration = server.get("mcp_config") if isinstance(server, dict) else None
    if not isinstance(configuration, dict):
        return ()
    for platform, other in _overrides(configuration).items():
        if platform == _PLATFORM and isinstance(other, dict):
            configuration = {**configuration, **other}
    arguments = configuration.get("args", [])
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise MalformedError(f"{where}: {MANIFEST}: args", "a list of texts", ascii(arguments)[:40])
    return (_text(configuration, "command", where), *arguments)


def _overrides(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    found = configuration.get("platform_overrides")
    return found if isinstance(found, dict) else {}


_PLATFORM: Final = "linux"
"""Where servers are measured; what is sealed elsewhere is sealed to run there."""

NAME: Final = "mcpb"

MCPB: Final = Collector(
    name=NAME,
    recognises=recognises,
    read=read_mcpb,
    outside=outside_mcpb,
    bind=bind_mcpb,
    identity=lambda archive: f"{archive.name} {archive.version}",
)
