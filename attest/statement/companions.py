"""Where the files that belong to a reference lie: beside it, under its name."""

from __future__ import annotations

from pathlib import Path


def manifest_path(reference: Path) -> Path:
    """Return `REF.manifest.jsonl`."""
    return reference.with_name(f"{reference.name}.manifest.jsonl")


def attachments_path(reference: Path) -> Path:
    """Return `REF.evidence.jsonl`."""
    return reference.with_name(f"{reference.name}.evidence.jsonl")


def parents_path(reference: Path) -> Path:
    """Return `REF.parents.jsonl`: the envelopes of what a sub-mandate is narrower than, the nearest first."""
    return reference.with_name(f"{reference.name}.parents.jsonl")
