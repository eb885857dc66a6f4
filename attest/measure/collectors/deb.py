"""Debian packages (deb(5), format 2.0): an ar archive of control and data, each a tar archive, packed or not.

The digests of the members are taken from the data itself; the package's own `md5sums` are not asked. Configuration
files (`conffiles`), which an administrator may change, are bound where they are as packaged, else left to the sealer.
Scripts of the maintainer, diversions and alternatives make and move files outside the package: what they made is not
bound, and what they moved is missing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from attest.errors import MalformedError
from attest.measure.ar import ArMember, content, read_ar
from attest.measure.binding import Archive, LinkMember, Member
from attest.measure.collectors.collector import Collector
from attest.measure.collectors.deb_binding import bind_deb, outside_deb
from attest.measure.copying import copied
from attest.measure.expansion import Packing, expand
from attest.measure.images.view import Node
from attest.measure.tar.member import MemberKind, Names, TarRules
from attest.measure.tar.reader import read_tar

MAX_CONTROL_BYTES: Final = 16 * 1024 * 1024
_PACKINGS: Final = {"": Packing.NONE, ".gz": Packing.GZIP, ".xz": Packing.XZ, ".zst": Packing.ZSTD}
_RULES: Final = TarRules(
    kinds=frozenset(MemberKind) - {MemberKind.SPECIAL}, names=Names.EXACT, leading_dot=True, special_bits=True
)
_FIELD: Final = re.compile(r"(?P<name>[!-9;-~]+):[ \t]*(?P<value>.*)")
_PACKAGE: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_VERSION: Final = re.compile(r"[A-Za-z0-9.+~:-]+")
_ARCHITECTURE: Final = re.compile(r"[a-z0-9][a-z0-9-]*")


def recognises(path: Path) -> bool:
    """Return whether a file is called like one."""
    return path.name.endswith(".deb")


def read_deb(path: Path) -> Archive:
    """Read a package whole; raises `MalformedError`, and `UnavailableError` for zstd without the extra."""
    with copied(path) as (copy, digest):
        control, data = _parts(copy, path.name)
        texts = _texts(_expanded(copy, control, path.name), path.name)
        nodes = _nodes(_expanded(copy, data, path.name), path.name)
    fields = _fields(texts.get("control", b""), path.name)
    name, version, architecture = (_checked(fields, *each, path.name) for each in _WANTED)
    return Archive(
        kind=NAME,
        name=name,
        version=version,
        purl=f"pkg:deb/{name}@{quote(version, safe='.+~-')}?arch={architecture}",
        filename=path.name,
        digest=digest,
        members=tuple(
            Member(path=path, size=node.size, sha256=node.sha256, executable=node.executable)
            for path, node in nodes.items()
            if node.sha256 is not None
        ),
        links=tuple(
            LinkMember(path=path, target=node.target) for path, node in nodes.items() if node.target is not None
        ),
        label=name,
        changeable=_conffiles(texts.get("conffiles", b""), path.name),
    )


def _parts(stream: IO[bytes], where: str) -> tuple[ArMember, ArMember]:
    """The two archives, in the order that dpkg wants; names that begin with `_` are for others and left alone."""
    first, *rest = read_ar(stream, where=where)
    if first.name != "debian-binary" or b"".join(content(stream, first)) != b"2.0\n":
        raise MalformedError(where, "a Debian package of format 2.0", "another one")
    members = [member for member in rest if not member.name.startswith("_")]
    if [member.name.partition(".tar")[0] for member in members] != ["control", "data"]:
        raise MalformedError(where, "control.tar and data.tar", ", ".join(member.name for member in members) or "none")
    return members[0], members[1]


def _expanded(stream: IO[bytes], member: ArMember, where: str) -> Iterator[bytes]:
    suffix = member.name.partition(".tar")[2]
    if ".tar" not in member.name or suffix not in _PACKINGS:
        raise MalformedError(
            where, f"a tar archive, or one packed as {', '.join(filter(None, _PACKINGS))}", member.name
        )
    return expand(content(stream, member), _PACKINGS[suffix], where=f"{where}: {member.name}")


def _texts(pieces: Iterator[bytes], where: str) -> Mapping[str, bytes]:
    texts: dict[str, bytes] = {}
    left = MAX_CONTROL_BYTES
    for member, octets in read_tar(pieces, _RULES, where=f"{where}: control"):
        left -= member.size
        if left < 0:
            raise MalformedError(where, f"at most {MAX_CONTROL_BYTES} bytes of control files", "more")
        texts[member.path] = b"".join(octets)
    return texts


def _nodes(pieces: Iterator[bytes], where: str) -> Mapping[str, Node]:
    nodes: dict[str, Node] = {}
    for member, octets in read_tar(pieces, _RULES, where=f"{where}: data"):
        if member.kind is MemberKind.HARD_LINK:
            target = nodes.get((member.target or "").removeprefix("./"))
            if target is None or target.kind is not MemberKind.FILE:
                raise MalformedError(where, f"{ascii(member.path)[:200]} a hard link to a file before it", "to none")
            nodes[member.path] = target
            continue
        sha256 = hashlib.sha256()
        for piece in octets:
            sha256.update(piece)
        nodes[member.path] = Node(
            kind=member.kind,
            size=member.size,
            sha256=sha256.hexdigest() if member.kind is MemberKind.FILE else None,
            executable=member.executable,
            target=member.target,
        )
    return nodes


def _fields(octets: bytes, where: str) -> Mapping[str, str]:
    """The first line of each field of `control`; of none twice."""
    fields: dict[str, str] = {}
    try:
        lines = octets.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError(f"{where}: control", "UTF-8", f"byte {error.start} is not") from error
    for line in lines:
        if not line.strip() or line[0] in " \t#":
            continue
        match = _FIELD.fullmatch(line)
        if match is None or match["name"].lower() in fields:
            raise MalformedError(f"{where}: control", "fields, each once", ascii(line)[:80])
        fields[match["name"].lower()] = match["value"].strip()
    return fields


def _checked(fields: Mapping[str, str], name: str, form: re.Pattern[str], where: str) -> str:
    value = fields.get(name, "")
    if form.fullmatch(value) is None:
        raise MalformedError(f"{where}: control: {name}", "a value of its form", ascii(value)[:80])
    return value


def _conffiles(octets: bytes, where: str) -> frozenset[str]:
    try:
        lines = octets.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError(f"{where}: conffiles", "UTF-8", f"byte {error.start} is not") from error
    # A word may stand before the path (remove-on-upgrade).
    return frozenset(line.rpartition(" ")[2].removeprefix("/") for line in lines if line.strip())


_WANTED: Final = (("package", _PACKAGE), ("version", _VERSION), ("architecture", _ARCHITECTURE))

NAME: Final = "deb"

DEB: Final = Collector(name=NAME, recognises=recognises, read=read_deb, outside=outside_deb, bind=bind_deb)
