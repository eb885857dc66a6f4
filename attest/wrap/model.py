"""What wrapping comes to, as values: a server that can be protected, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from attest.agent.sealed import SealedServer
from attest.clients.configuration import Configuration, ConfiguredServer
from attest.errors import AttestError
from attest.wrap.sealed_words import SealedWords


@dataclass(frozen=True, kw_only=True)
class Row:
    """A server of a configuration."""

    configuration: Configuration
    server: ConfiguredServer


@dataclass(frozen=True, kw_only=True)
class Sealable(Row):
    """A server whose code was found."""

    cwd: str
    words: SealedWords
    executed: tuple[str, ...]
    """The command of the process that these become."""
    trees: tuple[Path, ...]
    sealed: SealedServer | None
    """Its reference, where there is one already."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Protected(Row):
    """A server that is behind the portal, or will be."""

    reference: Path
    executed: tuple[str, ...]
    """The command of the sealed process, with labels where any word may stand."""
    audit_only: bool
    before: bool = False
    """It was already."""
    not_sealed: tuple[str, ...] = ()
    """Labels of the arguments for which any word may stand."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Unprotected(Row):
    """A server that stays as it is, why, and what to do about it."""

    reason: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A configuration before and after."""

    path: Path
    """Without links."""
    form: str
    before: bytes
    after: bytes


def unprotected(row: Row, reason: AttestError | str, hint: str | None = None) -> Unprotected:
    """Return a server that stays as it is, for a reason in words or one that is an error."""
    told = reason.hint if isinstance(reason, AttestError) else hint
    return Unprotected(configuration=row.configuration, server=row.server, reason=str(reason), hint=told)
