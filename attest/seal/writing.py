"""A sealed reference on disk: REF, and beside it its manifest, its build evidence, and a sub-mandate's parents."""

from __future__ import annotations

from pathlib import Path

from attest.codec.files import write_file
from attest.seal.sealed import Sealed
from attest.statement.companions import attachments_path, manifest_path, parents_path


def write_sealed(path: Path, sealed: Sealed) -> None:
    """Write a reference, in place of one that may be there; what it needs first, so that it is never without."""
    write_file(manifest_path(path), [sealed.manifest])
    if sealed.attachments:
        write_file(attachments_path(path), sealed.attachments)
    if sealed.parents:
        write_file(parents_path(path), [each + b"\n" for each in sealed.parents])
    write_file(path, [sealed.envelope, b"\n"])
    if not sealed.parents:
        parents_path(path).unlink(missing_ok=True)
