"""The manifest: named roots and one entry a file, as JSON Lines, sorted, content-addressed; a side file of a reference.

First line: the header with the roots. Then the entries, sorted by root and path (UTF-8 bytes). A last line counts them.
An entry says how its digest is known (`origin`); a `derived` entry holds no digest but a rule and its inputs, so that
one manifest serves every installation of the same archives.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from attest.codec import canonical, strict
from attest.codec.paths import check_relative, sort_key
from attest.codec.records import Count, Path, Record, Sha256Hex
from attest.errors import MalformedError
from attest.statement.levels import Origin
from attest.statement.names import RootName, RuleName
from attest.statement.tools.rules import Upstream

MANIFEST_SCHEMA: Final = "https://mcp-attest.github.io/schemas/manifest/v0.1"
MAX_LINE_BYTES: Final = 64 * 1024
MAX_ENTRIES: Final = 5_000_000
MAX_ARTIFACTS: Final = 4096
"""As many as a reference may name; see `RuntimeReference.artifacts`."""


class Scope(StrEnum):
    """How much of a root is sealed."""

    EXACT = "exact"
    """Everything in it: an extra file is a finding."""
    LISTED = "listed"
    """Only the entries: what else lies there belongs to others (an installer's `prefix`)."""


class FileKind(StrEnum):
    """What an entry is; directories carry no content and are not entries."""

    FILE = "file"
    LINK = "link"


class Root(Record, kw_only=True):
    """A named place whose files are sealed; where it lies on a machine is not part of it."""

    name: RootName
    scope: Scope
    mutable: tuple[Path, ...]
    """Literal directories (relative) that may change and may never hold loaded code."""
    absent: tuple[Path, ...] = ()
    """Of a listed root: paths at which nothing may lie, since an interpreter would load it."""


class ManifestHeader(Record, kw_only=True, tag_field="kind", tag="manifest"):
    """The first line: which schema, which roots."""

    schema: Literal["https://mcp-attest.github.io/schemas/manifest/v0.1"]
    roots: Annotated[tuple[Root, ...], msgspec.Meta(max_length=64)]
    """None for a server that nobody can measure; what identifies that stands in the next two instead."""
    upstream: Upstream | None = None
    """Who it is."""
    definitions: Sha256Hex | None = None
    """The digest of the whole set of its tool definitions."""
    artifacts: Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=MAX_ARTIFACTS)] = ()
    """The archives that entries belong to, by SHA-256, each once; the reference says what they are."""


class Entry(Record, kw_only=True, tag_field="kind", tag="entry"):
    """One file or symbolic link.

    A file known by its content has `size`, `sha256` and `executable`; a link has `target`. A `derived` entry has
    `rule` and `inputs` (paths `root/path` of sealed entries, or literal parameters `name=value`) and no digest.
    """

    root: RootName
    path: Path
    type_: FileKind = msgspec.field(name="type")
    origin: Origin
    rank: Origin | None = None
    """For a derived entry: the origin of its worst input, by which it counts."""
    size: Count | None = None
    sha256: Sha256Hex | None = None
    executable: bool | None = None
    target: str | None = None
    rule: RuleName | None = None
    inputs: tuple[str, ...] = ()
    seen: Sha256Hex | None = None
    """For derived byte code: its digest when it was sealed and made again. With it still, it need not be made again."""
    artifact: Count | None = None
    """Whose file it is: a place in the header's `artifacts`, counted from 0. It explains and proves nothing."""

    def __post_init__(self) -> None:
        """Refuse an entry whose fields do not fit its type and origin."""
        check_relative(self.path, where="path")
        derived = self.origin is Origin.DERIVED
        file = self.type_ is FileKind.FILE
        where = f"entry {self.path}"
        if any((field is None) == (file and not derived) for field in (self.size, self.sha256, self.executable)):
            raise MalformedError(
                where, "size, sha256 and executable exactly for a file that is not derived", "otherwise"
            )
        if (self.target is None) == (not file and not derived):
            raise MalformedError(where, "a target exactly for a link that is not derived", "otherwise")
        if any((field is None) == derived for field in (self.rule, self.rank)) or (self.inputs and not derived):
            raise MalformedError(where, "rule, rank and inputs exactly where the origin is derived", "otherwise")
        if self.rank is Origin.DERIVED:
            raise MalformedError(where, "a rank other than derived", "derived")
        if self.seen is not None and not (derived and file):
            raise MalformedError(where, "a digest as seen for a derived file alone", "another entry with one")


class ManifestEnd(Record, kw_only=True, tag_field="kind", tag="end"):
    """The last line: how many entries, so that a cut file is never taken for a whole one."""

    entries: Count


_Line = ManifestHeader | Entry | ManifestEnd


def write_manifest(
    roots: tuple[Root, ...], entries: Iterable[Entry], artifacts: tuple[str, ...] = ()
) -> Iterator[bytes]:
    """Yield the lines of a manifest (each ends in a line feed); `entries` must come sorted by `entry_key`."""
    yield canonical.encode(ManifestHeader(schema=MANIFEST_SCHEMA, roots=roots, artifacts=artifacts)) + b"\n"
    count = 0
    for count, entry in enumerate(entries, 1):  # noqa: B007  (counted for the last line)
        yield canonical.encode(entry) + b"\n"
    yield canonical.encode(ManifestEnd(entries=count)) + b"\n"


def write_remote_manifest(upstream: Upstream, definitions: str) -> Iterator[bytes]:
    """Yield the lines of the manifest of a server without files: who it is, and the digest of its definitions."""
    header = ManifestHeader(schema=MANIFEST_SCHEMA, roots=(), upstream=upstream, definitions=definitions)
    yield canonical.encode(header) + b"\n"
    yield canonical.encode(ManifestEnd(entries=0)) + b"\n"


def read_manifest(lines: Iterable[bytes], *, where: str) -> tuple[ManifestHeader, tuple[Entry, ...]]:
    """Read a whole manifest; raise `MalformedError` for anything out of form, order or count.

    Who vouches for it is checked elsewhere: its SHA-256 stands in the signed reference.
    """
    entries: list[Entry] = []
    header = read_entries(lines, entries.append, where=where)
    return header, tuple(entries)


def read_entries(lines: Iterable[bytes], take: Callable[[Entry], object], *, where: str) -> ManifestHeader:
    """As `read_manifest`, but hand over each entry as it is read; good is only what does not raise in the end."""
    header: ManifestHeader | None = None
    ended = False
    before: Entry | None = None
    count = 0
    for number, line in enumerate(lines, 1):
        at = f"{where} line {number}"
        record = _read_line(line, at)
        if ended or isinstance(record, ManifestHeader) != (header is None):
            raise MalformedError(at, "header, entries, end, in this order", "another order")
        if isinstance(record, ManifestHeader):
            header = _check_header(record, at)
        elif isinstance(record, Entry) and header is not None:
            count += 1
            _check_entry(record, before, header, at)
            if count > MAX_ENTRIES:
                raise MalformedError(at, f"at most {MAX_ENTRIES} entries", "more")
            take(record)
            before = record
        elif isinstance(record, ManifestEnd):
            ended = True
            if record.entries != count:
                raise MalformedError(at, f"{record.entries} entries", f"{count}")
    if header is None or not ended:
        raise MalformedError(where, "a manifest with a first and a last line", "a cut one")
    return header


def entry_key(entry: Entry) -> tuple[bytes, bytes]:
    """Return the key by which entries are sorted."""
    return entry.root.encode(), sort_key(entry.path)


def _read_line(line: bytes, at: str) -> _Line:
    if not line.endswith(b"\n"):
        raise MalformedError(at, "a line that ends in a line feed", "none")
    kind: type[Record] = _Line  # type: ignore[assignment]  # a tagged union: msgspec reads the tag
    record = strict.read(line[:-1], kind, where=at, max_bytes=MAX_LINE_BYTES)
    if isinstance(record, ManifestHeader | Entry | ManifestEnd):
        return record
    raise MalformedError(at, "a line of a manifest", type(record).__name__)


def _check_header(header: ManifestHeader, at: str) -> ManifestHeader:
    remote = header.upstream is not None and header.definitions is not None
    if bool(header.roots) == remote or (header.upstream is None) != (header.definitions is None):
        raise MalformedError(at, "roots, or an upstream and its definitions", "both or neither")
    if remote and header.artifacts:
        raise MalformedError(at, "no artifacts where there are no files", "some")
    if len(set(header.artifacts)) != len(header.artifacts):
        raise MalformedError(at, "each artifact once", "one twice")
    names = [root.name for root in header.roots]
    if len(set(names)) != len(names):
        raise MalformedError(at, "roots with different names", "one name twice")
    for root in header.roots:
        for place in (*root.mutable, *root.absent):
            check_relative(place, where=f"{at}: root {root.name}")
        if root.absent and root.scope is not Scope.LISTED:
            # In an exact root everything that is not sealed is a finding anyway.
            raise MalformedError(f"{at}: root {root.name}", "absent paths in a listed root alone", root.scope)
    return header


def _check_entry(entry: Entry, before: Entry | None, header: ManifestHeader, at: str) -> None:
    if not any(entry.root == root.name for root in header.roots):
        raise MalformedError(at, "a root of the header", entry.root)
    if before is not None and entry_key(before) >= entry_key(entry):
        raise MalformedError(at, "entries sorted by root and path, each once", entry.path)
    if entry.artifact is not None and entry.artifact >= len(header.artifacts):
        raise MalformedError(f"{at}: artifact", f"one of {len(header.artifacts)} in the header", f"{entry.artifact}")
