"""Zip archives, read strictly: whatever two readers could read apart is refused.

APPNOTE.TXT 6.3.10 is the format; a wheel needs little of it. Refused: members out of the tree,
links, names that are equal under case folding or Unicode normalisation, encryption, methods other
than stored and deflated, a directory that disagrees with the local headers, bytes that belong to
no member, members that overlap, expansion beyond limits, ZIP64 end records, comments.

What stands before the first member or after the end record is refused, too, unless the caller has
read it and says how long it is (the first line of a program, the signature of an MCP bundle).
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from attest.codec.paths import check_relative
from attest.errors import MalformedError
from attest.measure.folding import folded

MAX_ARCHIVE_BYTES: Final = 4 * 1024 * 1024 * 1024 - 1
MAX_MEMBERS: Final = 65_534
MAX_MEMBER_BYTES: Final = 4 * 1024 * 1024 * 1024 - 1
MAX_TOTAL_BYTES: Final = 16 * 1024 * 1024 * 1024
MAX_RATIO: Final = 200
"""Bytes out for a byte in, of what expands to more than `_SMALL_BYTES`; deflate can reach 1032."""

_SMALL_BYTES: Final = 16 * 1024 * 1024
"""Linkers pad libraries to pages of 2 MiB with zeros: libXau of pillow has 2 MB, and is 224 times smaller packed."""
_CHUNK_BYTES: Final = 256 * 1024
_DIRECTORY_BYTES: Final = 64 * 1024 * 1024

_END: Final = struct.Struct("<4sHHHHIIH")
_CENTRAL: Final = struct.Struct("<4sBBHHHHHIIIHHHHHII")
_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_STORED: Final = 0
_DEFLATED: Final = 8
_FLAG_DESCRIPTOR: Final = 0x0008
_FLAG_UTF8: Final = 0x0800
_FLAGS_ALLOWED: Final = 0x0006 | _FLAG_DESCRIPTOR | _FLAG_UTF8
"""Also the two bits that tell how hard deflate tried."""
_EXTRA_ZIP64: Final = 0x0001
_EXTRA_UNICODE_PATH: Final = 0x7075
_ELSEWHERE: Final = 0xFFFFFFFF
"""Stands for a size that is in the ZIP64 extra field."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ZipMember:
    """One file of a zip archive, by its entry in the central directory."""

    path: str
    size: int
    executable: bool
    """Any of the three bits, of what is expressly a regular file, as installers of wheels take it."""
    permissions: int
    """The nine bits, whatever stands above them."""
    offset: int
    """Of its local header."""
    compressed_size: int
    method: int
    flags: int
    crc32: int


class ZipArchive:
    """The members of one archive whose directory was found in order."""

    def __init__(self, stream: IO[bytes], *, where: str, leading: int = 0, trailing: int = 0) -> None:
        """Read and check the directory and all local headers; raises `MalformedError`.

        `leading` bytes stand before the first member. Then offsets may count from anywhere, as writers do, but all
        from one place, and the first member begins right after these bytes. `trailing` bytes stand after the end
        record, and may be called its comment.
        """
        self._stream = stream
        self._where = where
        self._leading = leading
        self._trailing = trailing
        self._shift = 0
        size = stream.seek(0, os.SEEK_END) - trailing
        if size > MAX_ARCHIVE_BYTES:
            raise self._bad(f"at most {MAX_ARCHIVE_BYTES} bytes", f"{size}")
        start, entries = self._directory(size)
        self._starts = self._check_layout(entries, start)
        self.members = tuple(entry for entry in entries if not entry.path.endswith("/"))
        self._check_names(entries)
        self._check_expansion()

    def read(self, member: ZipMember) -> Iterator[bytes]:
        """Yield the content of a member in bounded pieces, size and CRC checked at the end."""
        size, crc = 0, 0
        for piece in self._expand(member):
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            if size > member.size:
                break
            yield piece
        if size != member.size:
            raise self._bad(f"{member.path} of {member.size} bytes", "more or fewer")
        if crc != member.crc32:
            raise self._bad(f"{member.path} with the CRC {member.crc32:08x}", f"{crc:08x}")

    def _expand(self, member: ZipMember) -> Iterator[bytes]:
        pieces = self._compressed(member)
        if member.method == _STORED:
            yield from pieces
            return
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for piece in pieces:
                rest = piece
                while rest and not inflater.eof:
                    yield inflater.decompress(rest, _CHUNK_BYTES)
                    rest = inflater.unconsumed_tail
                if inflater.unused_data or (inflater.eof and rest):
                    raise self._bad(f"nothing after the data of {member.path}", "more bytes")
            while not inflater.eof and (piece := inflater.decompress(b"", _CHUNK_BYTES)):
                yield piece
        except zlib.error as error:
            raise self._bad(f"{member.path} deflated", str(error)) from error
        if not inflater.eof:
            raise self._bad(f"the end of {member.path}", "none")

    def _compressed(self, member: ZipMember) -> Iterator[bytes]:
        self._stream.seek(self._starts[member.path])
        left = member.compressed_size
        while left:
            piece = self._stream.read(min(left, _CHUNK_BYTES))
            if not piece:
                raise self._bad(f"{member.path} as a whole", "the end of the file")
            left -= len(piece)
            # Another member may be read before the next piece is asked for.
            position = self._stream.tell()
            yield piece
            self._stream.seek(position)

    def _directory(self, size: int) -> tuple[int, list[ZipMember]]:
        end = self._at(max(0, size - _END.size), _END.size)
        if len(end) != _END.size or not end.startswith(b"PK\x05\x06"):
            raise self._bad("a zip archive that ends in its directory, without a comment", "none")
        _, disk, first, here, count, length, start, comment = _END.unpack(end)
        if disk or first or here != count or comment not in {0, self._trailing} or count > MAX_MEMBERS:
            raise self._bad(f"one part, at most {MAX_MEMBERS} members, no comment", "otherwise")
        self._shift = size - _END.size - length - start
        if (self._shift and not self._leading) or length > _DIRECTORY_BYTES:
            raise self._bad("a directory that reaches to the end record", "another size")
        return start + self._shift, self._entries(self._at(start + self._shift, length), count)

    def _entries(self, directory: bytes, count: int) -> list[ZipMember]:
        entries: list[ZipMember] = []
        at = 0
        for _ in range(count):
            if at + _CENTRAL.size > len(directory):
                raise self._bad(f"{count} members", f"{len(entries)}")
            if directory[at : at + 4] != b"PK\x01\x02":
                raise self._bad("an entry of the directory", "something else")
            fields = _CENTRAL.unpack_from(directory, at)
            name_length, extra_length, comment_length = fields[11:14]
            at += _CENTRAL.size
            name = directory[at : at + name_length]
            extra = directory[at + name_length : at + name_length + extra_length]
            at += name_length + extra_length + comment_length
            entries.append(self._entry(fields, name, extra))
        if at != len(directory):
            raise self._bad("nothing after the last member of the directory", "more bytes")
        return entries

    def _entry(self, fields: tuple[Any, ...], name: bytes, extra: bytes) -> ZipMember:
        flags, method, crc, compressed, size = fields[4], fields[5], *fields[8:11]
        disk, attributes, offset = fields[14], fields[16], fields[17]
        if disk:
            raise self._bad("an archive in one part", f"part {disk}")
        path = self._path(name, flags, extra)
        if flags & ~_FLAGS_ALLOWED:
            raise self._bad(f"{path} not encrypted or patched", f"flags {flags:#06x}")
        if method not in {_STORED, _DEFLATED}:
            raise self._bad(f"{path} stored or deflated", f"method {method}")
        if _ELSEWHERE in {compressed, size, offset}:
            raise self._bad(f"{path} of at most {MAX_MEMBER_BYTES} bytes", "a larger one")
        mode = attributes >> 16
        self._check_kind(path, mode, size)
        return ZipMember(
            path=path,
            size=size,
            executable=stat.S_ISREG(mode) and bool(mode & 0o111),
            permissions=mode & 0o777,
            offset=offset + self._shift,
            compressed_size=compressed,
            method=method,
            flags=flags,
            crc32=crc,
        )

    def _check_kind(self, path: str, mode: int, size: int) -> None:
        kind = stat.S_IFMT(mode)
        if path.endswith("/"):
            if kind not in {0, stat.S_IFDIR} or size:
                raise self._bad(f"{path} a directory", "something else")
        elif kind not in {0, stat.S_IFREG}:
            raise self._bad(f"{path} a regular file", f"type {kind:#o}")
        if mode & (stat.S_ISUID | stat.S_ISGID) and not path.endswith("/"):
            raise self._bad(f"{path} without setuid and setgid", f"mode {mode & 0o7777:#o}")

    def _path(self, name: bytes, flags: int, extra: bytes) -> str:
        try:
            path = name.decode("utf-8" if flags & _FLAG_UTF8 else "ascii")
        except UnicodeDecodeError as error:
            raise self._bad("names in UTF-8 that say so", ascii(name)[:80]) from error
        if any(tag == _EXTRA_UNICODE_PATH for tag, _ in self._extras(extra)):
            raise self._bad(f"one name of {ascii(path)[:80]}", "a second one")
        check_relative(path.removesuffix("/"), where=f"{self._where}: member")
        return path

    def _extras(self, extra: bytes) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + 4 <= len(extra):
            tag, length = struct.unpack_from("<HH", extra, at)
            yield tag, extra[at + 4 : at + 4 + length]
            at += 4 + length

    def _check_layout(self, entries: list[ZipMember], end: int) -> dict[str, int]:
        """Every byte before the directory belongs to one member, and local headers agree."""
        starts: dict[str, int] = {}
        at = self._leading
        for entry in sorted(entries, key=lambda entry: entry.offset):
            if entry.offset != at:
                raise self._bad(f"{entry.path} at {at}, after the member before it", f"{entry.offset}")
            starts[entry.path] = self._local(entry)
            at = starts[entry.path] + entry.compressed_size
            if entry.flags & _FLAG_DESCRIPTOR:
                at += self._descriptor(entry, at)
        if at != end:
            raise self._bad(f"the directory at {at}, after the last member", f"{end}")
        return starts

    def _local(self, entry: ZipMember) -> int:
        header = self._at(entry.offset, _LOCAL.size)
        if len(header) != _LOCAL.size:
            raise self._bad(f"a local header of {entry.path}", "none")
        fields = _LOCAL.unpack(header)
        name_length, extra_length = fields[9:11]
        rest = self._at(entry.offset + _LOCAL.size, name_length + extra_length)
        name, extra = rest[:name_length], rest[name_length:]
        crc, compressed, size = fields[6:9]
        if _ELSEWHERE in {compressed, size}:
            wide = dict(self._extras(extra)).get(_EXTRA_ZIP64, b"")
            size, compressed = struct.unpack("<QQ", wide) if len(wide) == 16 else (-1, -1)  # noqa: PLR2004  (two numbers of 8 bytes)
        expected = (entry.crc32, entry.compressed_size, entry.size)
        if entry.flags & _FLAG_DESCRIPTOR and (crc, compressed, size) == (0, 0, 0):
            crc, compressed, size = expected
        same = (fields[0], fields[2], fields[3], name) == (
            b"PK\x03\x04",
            entry.flags,
            entry.method,
            entry.path.encode(),
        )
        if not same or (crc, compressed, size) != expected:
            raise self._bad(f"a local header of {entry.path} that agrees", "another one")
        return entry.offset + _LOCAL.size + len(rest)

    def _descriptor(self, entry: ZipMember, at: int) -> int:
        found = self._at(at, 24)
        for numbers in ("<III", "<IQQ"):
            plain = struct.pack(numbers, entry.crc32, entry.compressed_size, entry.size)
            for descriptor in (b"PK\x07\x08" + plain, plain):
                if found.startswith(descriptor):
                    return len(descriptor)
        raise self._bad(f"a data descriptor of {entry.path} that agrees", "another one")

    def _check_names(self, entries: list[ZipMember]) -> None:
        seen: dict[str, str] = {}
        for entry in entries:
            name = folded(entry.path.removesuffix("/"))
            if name in seen:
                raise self._bad(f"one member {ascii(seen[name])[:80]}", f"also {ascii(entry.path)[:80]}")
            seen[name] = entry.path
        for entry in self.members:
            parts = folded(entry.path).split("/")
            for length in range(1, len(parts)):
                above = seen.get("/".join(parts[:length]))
                if above is not None and not above.endswith("/"):
                    raise self._bad(f"{ascii(above)[:80]} a directory", "also a file")

    def _check_expansion(self) -> None:
        if sum(member.size for member in self.members) > MAX_TOTAL_BYTES:
            raise self._bad(f"at most {MAX_TOTAL_BYTES} bytes when expanded", "more")
        for member in self.members:
            if member.size > _SMALL_BYTES and member.size > MAX_RATIO * member.compressed_size:
                raise self._bad(f"{member.path} expanding at most {MAX_RATIO} fold", "more")

    def _at(self, offset: int, length: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(length)

    def _bad(self, expected: str, found: str) -> MalformedError:
        return MalformedError(self._where, expected, found)
