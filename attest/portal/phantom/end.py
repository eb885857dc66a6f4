"""What stands in the server's place, as the shell that carries messages sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from attest.portal.session.effects import Settled
from attest.portal.session.lines import Overlong

Said = Callable[[Sequence[bytes | Overlong]], None]
"""Is told what a phantom said, in the event loop; of nothing, that it is idle by now."""


class PhantomSource(Protocol):
    """Makes phantoms of one server."""

    def note(self, settled: Settled) -> None:
        """Learn from an outcome how long the server takes."""

    def raise_one(self, remembered: Mapping[str, bytes], said: Said) -> PhantomEnd:
        """Return a phantom in the running loop; `remembered` is what the server said of itself, by method."""


class PhantomEnd(Protocol):
    """A phantom: takes messages, and says others to whoever was named when it was made."""

    @property
    def is_idle(self) -> bool:
        """Whether it will say nothing more unless it is asked."""

    @property
    def waiting(self) -> int:
        """The bytes that it was given, or has to say, and that nobody took yet."""

    def hold(self) -> None:
        """Say nothing for now, as far as that is possible: whoever should hear it does not read."""

    def go_on(self) -> None:
        """Say on."""

    def take(self, octets: bytes) -> None:
        """Take a message of the caller's, without a line end."""

    def finish(self) -> None:
        """Learn that nothing more will be asked."""

    def close(self) -> None:
        """End, and say nothing more."""
