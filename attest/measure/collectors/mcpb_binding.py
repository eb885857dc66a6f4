"""From the members of an MCP bundle to the directory that a host unpacked it into."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from attest.measure.binding import Archive, Bound
from attest.measure.collectors.unpacked_binding import bind_unpacked, directories_of
from attest.statement.observation import Observation

MANIFEST: Final = "manifest.json"
_HERE: Final = re.compile(r"\$\{__dirname\}")
_SEPARATOR: Final = re.compile(r"\$\{(?:pathSeparator|/)\}")
_OPEN: Final = re.compile(r"\$\{[^}]*\}")


def outside_mcpb(archive: Archive, observation: Observation) -> tuple[str, ...]:
    """Return nothing: a bundle is unpacked into one directory."""
    del archive, observation
    return ()


def bind_mcpb(archive: Archive, observation: Observation) -> Bound:
    """Hold each member against its file, wherever the bundle's manifest.json lies."""
    manifest = next(member for member in archive.members if member.path == MANIFEST)
    directories = directories_of(MANIFEST, manifest.sha256, observation)
    bound = bind_unpacked(archive, directories, observation)
    return replace(bound, command=command_in(archive.command, directories[0])) if directories else bound


def command_in(command: tuple[str, ...], directory: str) -> tuple[str, ...]:
    """Return the command with the places of an installation; empty if the user has to fill in something."""
    words = tuple(_SEPARATOR.sub("/", _HERE.sub(lambda _: directory, word)) for word in command)
    return () if any(_OPEN.search(word) for word in words) else words
