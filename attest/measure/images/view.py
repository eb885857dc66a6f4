"""The files that a container sees: layers applied one above the other (image-spec, "Image Layer Filesystem Changeset").

Only what every runtime unpacks alike is taken. Refused: a member below what is a link in a lower layer (some follow it,
some replace it), a whiteout that is no empty file, other names of the kind that runtimes once kept for themselves, a
hard link to nothing, or through a link. Owners, times, extended attributes and empty directories are not compared.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from attest.codec.paths import check_relative
from attest.errors import MalformedError
from attest.measure.tar.member import MemberKind, Names, TarMember, TarRules
from attest.measure.tar.reader import read_tar

WHITEOUT: Final = ".wh."
OPAQUE: Final = ".wh..wh..opq"
MAX_FILES: Final = 2_000_000
RULES: Final = TarRules(
    kinds=frozenset(MemberKind), names=Names.EXACT, leading_dot=True, special_bits=True, max_members=MAX_FILES
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """What lies at a path; for a file also its digest, for a link its target."""

    kind: MemberKind
    size: int = 0
    sha256: str | None = None
    executable: bool = False
    target: str | None = None


class View:
    """The files of an image, from its lowest layer upwards."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}

    def apply(self, pieces: Iterable[bytes], *, where: str) -> None:
        """Apply one layer, an unpacked tar archive; raises `MalformedError`, and is then good for nothing more.

        What a layer takes away lies below it, wherever in the archive that is said.
        """
        added: dict[str, Node] = {}
        for member, content in read_tar(pieces, RULES, where=where):
            folder, name = posixpath.split(member.path)
            if name == OPAQUE:
                _check_whiteout(member, where)
                self._clear(folder)
            elif name.startswith(f"{WHITEOUT}{WHITEOUT}"):
                raise MalformedError(where, "whiteouts and opaque directories", ascii(member.path)[:200])
            elif name.startswith(WHITEOUT):
                _check_whiteout(member, where)
                path = posixpath.join(folder, name.removeprefix(WHITEOUT))
                self._remove(check_relative(path, where=f"{where}: whiteout"))
            elif member.path != ".":
                added[member.path] = self._node(member, content, added, where)
        for path, node in added.items():
            self._add(path, node, where)
        if len(self.nodes) > MAX_FILES:
            raise MalformedError(where, f"at most {MAX_FILES} files", "more")

    def _node(self, member: TarMember, content: Iterator[bytes], added: dict[str, Node], where: str) -> Node:
        if member.kind is MemberKind.HARD_LINK:
            target = (member.target or "").removeprefix("./").removeprefix("/")
            check_relative(target, where=f"{where}: {ascii(member.path)[:80]}: target")
            found = added.get(target) or self.nodes.get(target)
            if found is None or found.kind is MemberKind.DIRECTORY:
                raise MalformedError(where, f"{ascii(member.path)[:200]} a hard link to a file", "to none")
            return found
        sha256 = hashlib.sha256()
        for piece in content:
            sha256.update(piece)
        return Node(
            kind=member.kind,
            size=member.size,
            sha256=sha256.hexdigest() if member.kind is MemberKind.FILE else None,
            executable=member.executable,
            target=member.target,
        )

    def _add(self, path: str, node: Node, where: str) -> None:
        for above in _above(path):
            found = self.nodes.get(above)
            if found is None:
                self.nodes[above] = Node(kind=MemberKind.DIRECTORY)
            elif found.kind is not MemberKind.DIRECTORY:
                raise MalformedError(
                    where, f"{ascii(path)[:200]} below directories", f"a {found.kind} of a lower layer"
                )
        before = self.nodes.get(path)
        if before is not None and node.kind is not MemberKind.DIRECTORY:
            self._remove(path)
        self.nodes[path] = node

    def _remove(self, path: str) -> None:
        node = self.nodes.pop(path, None)
        if node is not None and node.kind is MemberKind.DIRECTORY:
            self._clear(path)

    def _clear(self, folder: str) -> None:
        start = f"{folder}/" if folder else ""
        for path in [path for path in self.nodes if path.startswith(start)]:
            del self.nodes[path]


def _check_whiteout(member: TarMember, where: str) -> None:
    if member.kind is not MemberKind.FILE or member.size:
        raise MalformedError(where, f"{ascii(member.path)[:200]} an empty file", f"a {member.kind}")


def _above(path: str) -> Iterator[str]:
    cut = path.find("/")
    while cut >= 0:
        yield path[:cut]
        cut = path.find("/", cut + 1)
