"""How inventories name contents: how many, by which digests, and one content or several to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from attest.errors import MalformedError
from attest.statement.digests import DigestSet, from_foreign

MAX_COMPONENTS: Final = 200_000
"""Most components and files of one inventory; the SBOM of a whole distribution image stays below it."""

Pair = tuple[str | None, str]
"""An in-toto algorithm and a hexadecimal digest; None for an algorithm that identifies nothing here."""

T = TypeVar("T")


def limited(items: Iterable[T], *, where: str) -> Iterator[T]:
    """Yield the items; raise `MalformedError` after `MAX_COMPONENTS` of them."""
    for number, item in enumerate(items):
        if number >= MAX_COMPONENTS:
            raise MalformedError(where, f"at most {MAX_COMPONENTS} components", "more")
        yield item


def one_content(pairs: Iterable[Pair], *, where: str) -> DigestSet | None:
    """Return the digests of one content; None without an accepted algorithm.

    Raises `MalformedError` for a digest of the wrong form, and for two of one algorithm that differ.
    """
    digests: dict[str, str] = {}
    for algorithm, content in pairs:
        if algorithm is not None and digests.setdefault(algorithm, content.lower()) != content.lower():
            raise MalformedError(where, f"one {algorithm} digest", "two different ones")
    return from_foreign(digests, where=where)


def any_content(pairs: Iterable[Pair], *, where: str) -> tuple[DigestSet, ...]:
    """Return the contents of which one is meant: as many as there are digests of one algorithm.

    Generators write the hashes of a package's wheels in one list (cyclonedx-py), and so do lock files (pip). With one
    digest an algorithm it is one content; else each digest stands for a content of its own.
    """
    accepted = [(algorithm, content.lower()) for algorithm, content in pairs if algorithm is not None]
    unique = list(dict.fromkeys(accepted))
    groups = [unique] if len({algorithm for algorithm, _ in unique}) == len(unique) else [[pair] for pair in unique]
    sets = (from_foreign(dict(group), where=where) for group in groups)
    return tuple(digest for digest in sets if digest is not None)
