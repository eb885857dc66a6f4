"""The members of a tar archive, one after the other, from a stream that is read once and to its end."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from attest.codec.paths import MAX_PATH_BYTES, check_relative
from attest.errors import MalformedError
from attest.measure.folding import folded
from attest.measure.tar.extended import (
    MAX_EXTENDED_BYTES,
    Extension,
    check_global,
    extend,
    merged,
    read_long_name,
    read_records,
)
from attest.measure.tar.header import BLOCK_BYTES, Header, read_header
from attest.measure.tar.member import MemberKind, Names, TarMember, TarRules, refused

_KINDS: Final = {
    b"0": MemberKind.FILE,
    b"\0": MemberKind.FILE,
    b"1": MemberKind.HARD_LINK,
    b"2": MemberKind.LINK,
    b"3": MemberKind.SPECIAL,
    b"4": MemberKind.SPECIAL,
    b"5": MemberKind.DIRECTORY,
    b"6": MemberKind.SPECIAL,
}
_EXTENDED: Final = {b"x", b"g", b"L", b"K"}
_END: Final = bytes(BLOCK_BYTES)
_MAX_EXTENDED: Final = 8
_MAX_FILLING_BYTES: Final = 1024 * 1024
"""Zeros after the end: writers fill up to a multiple of their tape's block, 10 KiB by default."""


def read_tar(pieces: Iterable[bytes], rules: TarRules, *, where: str) -> Iterator[tuple[TarMember, Iterator[bytes]]]:
    """Yield each member with an iterator over its content; what is left of it when the next is asked for is skipped.

    The stream has to be read to the end of the iteration: what follows a member, and that nothing follows the last one,
    is checked only then. Raises `MalformedError`.
    """
    source = _Source(pieces, where)
    names = _Names(rules, where)
    while (header := _next_header(source, where)) is not None:
        member = _member(header, rules, where)
        names.add(member)
        content = source.stream(header.size)
        yield member, content
        for _ in content:
            pass
        source.skip_filling(header.size)
    source.finish()


class _Source:
    """The bytes of the archive, taken in the amounts that the format asks for."""

    def __init__(self, pieces: Iterable[bytes], where: str) -> None:
        self._pieces = iter(pieces)
        self._where = where
        self._held = b""

    def take(self, size: int) -> bytes:
        octets = b"".join(self.stream(size))
        if len(octets) != size:
            raise MalformedError(self._where, "the whole archive", "its first part")
        return octets

    def stream(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            held = self._held or next(self._pieces, b"")
            if not held:
                raise MalformedError(self._where, "the whole archive", "its first part")
            piece, self._held = held[:left], held[left:]
            left -= len(piece)
            yield piece

    def skip_filling(self, size: int) -> None:
        if self.take(-size % BLOCK_BYTES).strip(b"\0"):
            raise MalformedError(self._where, "zeros up to the next block", "something else")

    def finish(self) -> None:
        left = _MAX_FILLING_BYTES
        while held := self._held or next(self._pieces, b""):
            left -= len(held)
            if left < 0 or held.strip(b"\0"):
                raise MalformedError(self._where, "nothing after the end of the archive", "more bytes")
            self._held = b""


class _Names:
    """The names so far: none twice, none below a file or a link, not too many and not too much behind them."""

    def __init__(self, rules: TarRules, where: str) -> None:
        self._rules = rules
        self._where = where
        self._kinds: dict[str, MemberKind] = {}
        self._written: dict[str, str | None] = {}
        """How a name was spelled; None once it came twice."""
        self._above: set[str] = set()
        self._total = 0

    def add(self, member: TarMember) -> None:
        name = member.path if self._rules.names is Names.EXACT else folded(member.path)
        if name in self._kinds and not self._is_second(name, member):
            raise refused(self._where, member.path, "once", "twice, or two names that some file systems take for one")
        if member.kind is not MemberKind.DIRECTORY and name in self._above:
            raise refused(self._where, member.path, "a directory, as other members lie in it", f"a {member.kind}")
        for above in _folders(name):
            if self._kinds.get(above, MemberKind.DIRECTORY) is not MemberKind.DIRECTORY:
                raise refused(self._where, member.path, "in a directory", f"in a {self._kinds[above]}")
            self._above.add(above)
        self._kinds[name] = member.kind
        if self._rules.files_twice:
            self._written[name] = None if name in self._written else member.path
        self._total += member.size
        if len(self._kinds) > self._rules.max_members or self._total > self._rules.max_total_bytes:
            most = f"at most {self._rules.max_members} members of {self._rules.max_total_bytes} bytes in all"
            raise MalformedError(self._where, most, "more")

    def _is_second(self, name: str, member: TarMember) -> bool:
        both_files = member.kind is MemberKind.FILE is self._kinds[name]
        return self._rules.files_twice and both_files and self._written[name] == member.path


def _next_header(source: _Source, where: str) -> Header | None:
    """Return the header of the next member with what extended headers say; None at the end, two zero blocks."""
    extension, headers = Extension(), 0
    while (block := source.take(BLOCK_BYTES)) != _END:
        header = read_header(block, where=where)
        headers += 1
        if header.type_ not in _EXTENDED:
            return extend(header, extension, where=where)
        if header.size > MAX_EXTENDED_BYTES or headers > _MAX_EXTENDED:
            most = f"at most {_MAX_EXTENDED} extended headers of {MAX_EXTENDED_BYTES} bytes a member"
            raise MalformedError(where, most, "more")
        octets = source.take(header.size)
        source.skip_filling(header.size)
        extension = _extended(header.type_, octets, extension, where)
    if extension != Extension() or source.take(BLOCK_BYTES) != _END:
        raise MalformedError(where, "an archive that ends in two zero blocks", "another end")
    return None


def _extended(type_: bytes, octets: bytes, before: Extension, where: str) -> Extension:
    if type_ == b"g":
        check_global(octets, where=where)
        return before
    if type_ == b"x":
        return merged(before, read_records(octets, where=where), where=where)
    name = read_long_name(octets, where=where)
    found = Extension(path=name) if type_ == b"L" else Extension(link_path=name)
    return merged(before, found, where=where)


def _member(header: Header, rules: TarRules, where: str) -> TarMember:
    written = _decoded(header.name, where)
    kind = _KINDS.get(header.type_)
    if kind not in rules.kinds or kind is None:
        allowed = ", ".join(sorted(rules.kinds))
        raise refused(where, written, f"one of: {allowed}", kind or f"type {header.type_!a}")
    member = TarMember(
        path=_path(written, kind, rules, where),
        kind=kind,
        size=header.size,
        executable=bool(header.mode & 0o111),
        special=kind is MemberKind.FILE and bool(header.mode & (stat.S_ISUID | stat.S_ISGID)),
    )
    if member.special and not rules.special_bits:
        raise refused(where, written, "without setuid and setgid", f"mode {header.mode:#o}")
    if member.size > (rules.max_member_bytes if kind is MemberKind.FILE else 0):
        raise refused(where, written, "with content within limits", f"{member.size} bytes")
    return replace(member, target=_target(header, kind, where))


def _path(written: str, kind: MemberKind, rules: TarRules, where: str) -> str:
    path = written
    if kind is MemberKind.DIRECTORY:
        path = path.removesuffix("/")
    if rules.leading_dot:
        path = path.removeprefix("./")
    if rules.inner_dot:
        first, *rest = path.split("/")
        path = "/".join((first, *(part for part in rest if part != ".")))
    if path == "." and kind is MemberKind.DIRECTORY and rules.leading_dot:
        return path
    return check_relative(path, where=f"{where}: member")


def _target(header: Header, kind: MemberKind, where: str) -> str | None:
    if kind not in {MemberKind.LINK, MemberKind.HARD_LINK}:
        if header.link_name:
            raise MalformedError(where, "no target of what is no link", "one")
        return None
    target = _decoded(header.link_name, where)
    if not target.isprintable() or not 0 < len(header.link_name) <= MAX_PATH_BYTES:
        raise MalformedError(where, "links with a printable target", ascii(target)[:80])
    return target


def _decoded(name: bytes, where: str) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(where, "names in UTF-8", ascii(name)[:80]) from error


def _folders(path: str) -> Iterator[str]:
    cut = path.rfind("/")
    while cut > 0:
        yield path[:cut]
        cut = path.rfind("/", 0, cut)
