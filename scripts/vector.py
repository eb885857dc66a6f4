"""One vector: a document of a format, good or with a named fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from scripts.faults import Fault

_SUFFIX: Final = {
    "attachments": ".jsonl",
    "bundle": ".jsonl",
    "checkpoint": ".txt",
    "disclosures": ".jsonl",
    "elf": ".elf",
    "entry-points": ".txt",
    "library-cache": ".cache",
    "manifest": ".jsonl",
    "note": ".txt",
    "packed": ".gz",
    "pip-requirements": ".txt",
    "pnpm-lock": ".yaml",
    "policy": ".toml",
    "private-key": ".pem",
    "public-key": ".pem",
    "pylock": ".toml",
    "record": ".csv",
    "session": ".jsonl",
    "sub-mandate": ".jsonl",
    "tlog-proof": ".txt",
    "tools": ".toml",
    "uv-lock": ".lock",
    "wrapped-toml": ".toml",
    "zip": ".zip",
}
"""Of the formats that are no JSON document."""


@dataclass(frozen=True, kw_only=True)
class Vector:
    """The bytes, which reader they are for, and what has to come out: None, or the kind of the error."""

    format: str
    """A row of `tests.fuzz.targets.TARGETS`."""
    name: str
    octets: bytes
    error: str | None = None

    @property
    def file(self) -> str:
        """Where it lies below `tests/vectors`."""
        prefix = "" if self.error is None else "bad-"
        return f"{self.format}/{prefix}{self.name}{_SUFFIX.get(self.format, '.json')}"


def good(name: str, octets: bytes, *formats: str) -> Iterator[Vector]:
    """Yield a good vector for each of the formats."""
    for kind in formats:
        yield Vector(format=kind, name=name, octets=octets)


def bad(kind: str, faults: Iterable[Fault], *, error: str = "MalformedError") -> Iterator[Vector]:
    """Yield a bad vector of format `kind` for each fault."""
    for name, octets in faults:
        yield Vector(format=kind, name=name, octets=octets, error=error)
