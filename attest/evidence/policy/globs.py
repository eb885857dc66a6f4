"""Globs of a policy, as those of `seal --allow-site`: against `root/path` or the path in its root."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def fits(path: str, globs: Iterable[str]) -> bool:
    """Return whether one of the globs fits a path `root/path`; `*` also crosses `/`, case counts."""
    in_root = path.partition("/")[2]
    return any(fnmatchcase(path, glob) or fnmatchcase(in_root, glob) for glob in globs)


def literal_part(glob: str) -> str:
    """Return what a path has to begin with, in its root or with it, to fit."""
    return glob[: next((place for place, letter in enumerate(glob) if letter in "*?["), len(glob))]
