"""What archives were bound to: which installed files are members of which verified archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from attest.statement.digests import DigestSet
from attest.statement.observation import Key


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file of an archive, as its bytes and its mode in the archive say."""

    path: str
    size: int
    sha256: str
    executable: bool
    body_sha256: str | None = None
    """Of what follows the first line, where an installer replaces that line (`#!python`)."""
    rewritten_sha256: str | None = None
    """Of the whole, where an installer writes it anew (a first line that ends as on Windows)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkMember:
    """One symbolic link of an archive."""

    path: str
    target: str


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One archive that was read as a whole; whoever published it is checked elsewhere."""

    kind: str
    """A row of `attest.measure.collectors`."""
    name: str
    version: str | None
    """None where an archive of its kind does not say."""
    filename: str
    digest: DigestSet
    members: tuple[Member, ...]
    links: tuple[LinkMember, ...] = ()
    aliases: tuple[DigestSet, ...] = ()
    """Digests of what determines it as well (an image's index, a signed bundle without its signature)."""
    label: str
    """The directory that tells where it is installed: for a wheel, its `.dist-info`."""
    purl: str | None = None
    """What it is called in its ecosystem (package-url), as it says itself; for people, it identifies nothing."""
    changeable: frozenset[str] = frozenset()
    """Members that an administrator may change (configuration files of a Debian package)."""
    command: tuple[str, ...] = ()
    """What it says itself to start, with its own placeholders; empty where its kind does not."""
    generated: tuple[str, ...] = ()
    """Names of the commands that an installer makes for it, in no member."""
    install_scripts: tuple[str, ...] = ()
    """What it runs when it is installed: what that makes is in no member."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundFile:
    """An installed file that is a member of the archive, byte for byte."""

    sha256: str
    size: int
    executable: bool
    member: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mismatch:
    """An installed file that is not what the archive holds at its place."""

    key: Key
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class Bound:
    """One archive held against what is installed.

    `promised` are inputs (`name=value`) that a later derivation of a file must show; they belong
    into the manifest's entry and from there into `attest.measure.facts.Facts`.
    """

    archive: Archive
    found: bool
    """Whether the archive is installed here at all."""
    files: Mapping[Key, BoundFile] = field(default_factory=dict)
    links: Mapping[Key, str] = field(default_factory=dict)
    """Installed symbolic links that are members of it, with their targets."""
    mismatches: tuple[Mismatch, ...] = ()
    missing: tuple[Key, ...] = ()
    """Where a member should lie and nothing does; under `PREFIX_ROOT` if no root was looked at.

    Also places of files that are derived (RECORD, scripts with `#!python`)."""
    promised: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    """What the archive itself says to start, with the places of this installation; empty where it does not."""
