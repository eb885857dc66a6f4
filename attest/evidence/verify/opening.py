"""Receipts opened in batches: reading goes on in one thread while signatures are checked wherever the caller likes.

The caller hands in something like `map`: the built-in, or that of a thread pool (checking a signature lets other
threads run). Lines come out in their order, each receipt opened before it is judged.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, TypeVar

import msgspec

from attest.errors import MalformedError, UntrustedError
from attest.evidence.verify.entries import EntryParts
from attest.evidence.verify.lines import Line
from attest.signing.dsse import open_envelope
from attest.signing.keyring import KeyRing, Verified

Opened = Verified[bytes] | MalformedError | UntrustedError | None
"""The payload that was signed, why it is not one, or None where there is no receipt."""

Batch = tuple[Line, ...]

A = TypeVar("A")
B = TypeVar("B")


class Spread(Protocol):
    """As `map`: applies a function to each thing, results in order, now or later, here or in other threads."""

    def __call__(self, function: Callable[[A], B], things: Iterable[A], /) -> Iterable[B]:
        """Return the results."""


BATCH_LINES: Final = 64
"""A batch is one job: long enough that handing it over costs nothing beside 64 signatures."""

ALONE_LINES: Final = 16
"""The same where one thread does it all: a few stay in the processor's cache from being read until they are judged."""

BATCHES_AHEAD: Final = 8
"""How many batches may wait: bounded memory, and work for as many threads."""

BATCH_BYTES: Final = 1024 * 1024
"""A batch with so many is full: lines are short, but who writes a file may make each as long as the grammar allows."""


class _Opener(msgspec.Struct, frozen=True, kw_only=True):
    ring: KeyRing

    def __call__(self, batch: Batch) -> list[Opened]:
        return [self.open(line) for line in batch]

    def open(self, line: Line) -> Opened:
        record = line.record
        if not isinstance(record, EntryParts) or record.envelope is None:
            return None
        try:
            return open_envelope(record.envelope, self.ring, where=line.where)
        except (MalformedError, UntrustedError) as error:
            return error


def open_receipts(lines: Iterable[Line], ring: KeyRing, spread: Spread) -> Iterator[tuple[Line, Opened]]:
    """Yield each line with its opened receipt; an error of `lines` is raised once what came before it was yielded."""
    opener = _Opener(ring=ring)
    # `map` works when its results are asked for: what waits until then only leaves the processor's cache.
    ahead, most = (0, ALONE_LINES) if spread is map else (BATCHES_AHEAD, BATCH_LINES)
    waiting: deque[tuple[Batch, Iterator[list[Opened]]]] = deque()
    for batch, held, error in _batches(lines, most):
        waiting.append((batch, iter(spread(opener, [batch]))))
        # Beside a batch that is so large nothing may wait.
        while len(waiting) > (0 if error is not None or held >= 2 * BATCH_BYTES else ahead):
            yield from _drain(waiting)
        if error is not None:
            raise error
    while waiting:
        yield from _drain(waiting)


def _drain(
    waiting: deque[tuple[Batch, Iterator[list[Opened]]]],
) -> Iterator[tuple[Line, Opened]]:
    batch, results = waiting.popleft()
    yield from zip(batch, next(results), strict=True)


def _batches(lines: Iterable[Line], most: int) -> Iterator[tuple[Batch, int, MalformedError | None]]:
    """Yield batches of `most` lines, how many bytes each holds, and with the last why there are no more, if wrong."""
    batch: list[Line] = []
    held = 0
    try:
        for line in lines:
            batch.append(line)
            held += len(line.octets)
            if len(batch) >= most or held >= BATCH_BYTES:
                yield tuple(batch), held, None
                batch.clear()
                held = 0
    except MalformedError as error:
        yield tuple(batch), held, error
        return
    yield tuple(batch), held, None
