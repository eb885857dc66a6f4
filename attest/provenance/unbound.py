"""Components of build evidence that nothing answers to: no archive that was bound, and no file on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from attest.provenance.model import Component, VerifiedEvidence
from attest.provenance.named_files import normal_path
from attest.provenance.origins import Named, Origins
from attest.statement.digests import DigestSet
from attest.statement.levels import Origin


def find_unbound(
    evidence: Sequence[VerifiedEvidence],
    archives: Iterable[DigestSet],
    answered: frozenset[tuple[str, str]] | None,
) -> tuple[str, ...]:
    """Return the unbound components as a reference names them, sorted.

    `archives` are those that were bound; `answered` holds (normalised path, SHA-256) of the named files that some file
    on disk fits. None says that nobody looked at the files: components that name any are then left out.
    """
    # A lock file that provenance names is here as well: as evidence.
    here = (DigestSet(sha256=item.digest) for item in evidence)
    bound = Origins(Named(digest, Origin.SITE, "") for digest in chain(archives, here))
    loose = {
        f"component {_named(component)}"
        for item in evidence
        for component in item.components
        if not _is_source(component) and not _is_bound(component, bound, answered)
    }
    return tuple(sorted(loose))


def _is_bound(component: Component, bound: Origins, answered: frozenset[tuple[str, str]] | None) -> bool:
    if any(bound.of(digest) is not None for digest in component.archives):
        return True
    if answered is None:
        return bool(component.files)
    return any((normal_path(file.path), file.digest.sha256) in answered for file in component.files)


def _is_source(component: Component) -> bool:
    """Whether it is a commit that was built from, which is never a file on disk."""
    names = {name for digest in component.archives for name, _ in digest.items()}
    return names == {"gitCommit"}


def _named(component: Component) -> str:
    return component.purl or f"{component.name}@{component.version or 'unknown'}"
