"""The server's standard input and output as pipes, where somebody stands between it and its client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from attest.errors import UnavailableError


@dataclass(kw_only=True)
class Streams:
    """Two pipes: ours to write to and to read from, and the ends that the server is given.

    As long as we hold a server's end as well, its own end goes unnoticed: they are let go of once it has them.
    """

    to_server: int
    from_server: int
    given_input: int
    given_output: int
    _kept: set[int] = field(init=False)

    def __post_init__(self) -> None:
        """Hold all four."""
        self._kept = {self.to_server, self.from_server, self.given_input, self.given_output}

    def hand_over(self) -> None:
        """Let go of the server's ends: it has them, or will never be started."""
        self._close(self.given_input)
        self._close(self.given_output)

    def close_input(self) -> None:
        """Let the server read the end of its input."""
        self._close(self.to_server)

    def close(self) -> None:
        """Let go of everything."""
        for descriptor in tuple(self._kept):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        if descriptor in self._kept:
            self._kept.discard(descriptor)
            os.close(descriptor)


@contextmanager
def open_streams() -> Iterator[Streams]:
    """Make both pipes, which nobody inherits unasked, and close them again; raise `UnavailableError`."""
    try:
        given_input, to_server = os.pipe()
        from_server, given_output = os.pipe()
    except OSError as error:
        raise UnavailableError("pipe", "two pipes to the server", error.strerror or "none") from error
    streams = Streams(to_server=to_server, from_server=from_server, given_input=given_input, given_output=given_output)
    try:
        yield streams
    finally:
        streams.close()
