"""What a collector is: how one kind of archive is read and found again where it was installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from attest.measure.binding import Archive, Bound
from attest.statement.observation import Observation


@dataclass(frozen=True, kw_only=True, slots=True)
class Collector:
    """One kind of archive. None of the functions executes or imports anything of it."""

    name: str
    recognises: Callable[[Path], bool]
    """Whether a file is called like one; says nothing about its content."""
    read: Callable[[Path], Archive]
    """Read it whole; raises `MalformedError` for what is no such archive, or a hostile one."""
    outside: Callable[[Archive, Observation], tuple[str, ...]]
    """Absolute paths outside all observed roots at which its installer may have put files."""
    bind: Callable[[Archive, Observation], Bound]
    """Hold it against what is installed."""
    together: Callable[[Sequence[Archive], Observation], tuple[Bound, ...]] | None = None
    """In place of `bind`, where one archive tells whose files another one's are; one answer each, in their order."""
    identity: Callable[[Archive], str] = lambda archive: archive.name
    """What no two archives may have in common: more could not be told apart where they are installed."""

    def bind_all(self, archives: Sequence[Archive], observation: Observation) -> tuple[Bound, ...]:
        """Hold all archives of this kind against what is installed; one answer each, in their order."""
        if self.together is not None:
            return self.together(archives, observation)
        return tuple(self.bind(archive, observation) for archive in archives)
