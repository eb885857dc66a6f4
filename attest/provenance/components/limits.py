"""How much one inventory may name, and the digests that it may name things by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from attest.errors import MalformedError
from attest.statement.digests import DigestSet, from_foreign

MAX_COMPONENTS: Final = 200_000
"""Most components and files of one inventory; the SBOM of a whole distribution image stays below it."""

T = TypeVar("T")


def limited(items: Iterable[T], *, where: str) -> Iterator[T]:
    """Yield the items; raise `MalformedError` after `MAX_COMPONENTS` of them."""
    for number, item in enumerate(items):
        if number >= MAX_COMPONENTS:
            raise MalformedError(where, f"at most {MAX_COMPONENTS} components", "more")
        yield item


def digest_set(pairs: Iterable[tuple[str | None, str]], *, where: str) -> DigestSet | None:
    """Return (in-toto algorithm, hexadecimal) pairs of one content as a digest set; None without an accepted one.

    An algorithm of None is one that identifies nothing here. Raises `MalformedError` for a digest of the wrong form,
    and for two of one algorithm that differ.
    """
    digests: dict[str, str] = {}
    for algorithm, content in pairs:
        if algorithm is not None and digests.setdefault(algorithm, content.lower()) != content.lower():
            raise MalformedError(where, f"one {algorithm} digest", "two different ones")
    return from_foreign(digests, where=where)
