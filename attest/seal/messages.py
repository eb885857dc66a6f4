"""What the sealing process and its keyless child say to one another: records of ours, read as strictly as any."""

from __future__ import annotations

from typing import Final

from attest.codec.records import Count, Line, Record, Sha256Hex
from attest.statement.digests import DigestSet
from attest.statement.levels import Origin
from attest.statement.manifest import Root
from attest.statement.predicates.runtime_reference import Assurance, Unclaimed
from attest.statement.profile import Program

MAX_REQUEST_BYTES: Final = 256 * 1024 * 1024
"""More than a request with every file of a few of the largest SBOMs."""


class SurveyRoot(Record, kw_only=True):
    """A root to survey and where it lies; `listed` paths make it a root of single files."""

    root: Root
    place: Line
    listed: tuple[Line, ...]


class NamedDigest(Record, kw_only=True):
    """A content that verified build evidence names: how it is known by that, and the SHA-256 of the evidence."""

    digest: DigestSet
    origin: Origin
    evidence: Sha256Hex


class NamedFilePath(Record, kw_only=True):
    """A file that verified build evidence names: its normalised path, its content, and how it is known by that."""

    path: Line
    sha256: Sha256Hex
    origin: Origin


class SurveyRequest(Record, kw_only=True):
    """What to survey."""

    roots: tuple[SurveyRoot, ...]
    archives: tuple[Line, ...]
    """Paths; digests and content are read by the child alone."""
    named: tuple[NamedDigest, ...]
    files: tuple[NamedFilePath, ...]
    allow_site: tuple[Line, ...]
    program: Line | None = None
    """The executable of a runtime to survey instead of roots: the child finds what belongs to it."""
    command: tuple[str, ...] = ()
    """What will be started: what names a file does so absolutely."""


class SurveyedArchive(Record, kw_only=True):
    """An archive, whether its files were found in the tree, and what it calls itself."""

    digest: DigestSet
    """The one by which evidence names it, where it has several (an image in its index)."""
    filename: Line
    name: Line
    version: Line | None = None
    purl: Line | None = None
    install_scripts: tuple[Line, ...] = ()
    """What it runs when it is installed."""
    bound: bool
    starts: Count | None = None
    """Which word of the command, counted from 0, is a file of it or a program that its installer makes; the last."""
    command: tuple[Line, ...] = ()
    """What it says itself to start, as it lies here."""


class SurveyedRuntime(Record, kw_only=True):
    """What a runtime is called, its executable, and what is known to be left out."""

    name: Line
    version: Line | None = None
    purl: Line | None = None
    program: Program
    outside: tuple[Line, ...]


class SurveyResult(Record, kw_only=True):
    """What was found: followed by the manifest's lines."""

    roots: tuple[SurveyRoot, ...]
    entries: Count
    assurance: Assurance
    unclaimed: Unclaimed
    archives: tuple[SurveyedArchive, ...]
    answered: tuple[Count, ...]
    """The numbers of those `files` of the request that a file on disk fits."""
    runtime: SurveyedRuntime | None = None


class SurveyFailure(Record, kw_only=True):
    """Why there is no result: an error of ours, by kind."""

    kind: Line
    where: Line
    expected: Line
    found: Line
    hint: Line | None = None
