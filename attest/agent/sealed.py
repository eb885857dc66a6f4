"""A sealed server as the agent holds it: the opened reference, its manifest, and where its roots lie here."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from attest.codec.files import read_file
from attest.codec.octets import sha256_hex
from attest.errors import MalformedError, RefusedError, UntrustedError
from attest.measure.ourselves import refuse_ourselves
from attest.measure.trail import real_path
from attest.statement.attachments import read_attachments
from attest.statement.companions import attachments_path, manifest_path
from attest.statement.manifest import Root, Scope, read_entries
from attest.statement.observation import Key
from attest.statement.packed_entries import EntryPacker, KnownDigests, PackedEntries, SealedDigests
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.tlog.documents import MAX_DOCUMENT_BYTES, Documents
from attest.trust.loading import load_reference
from attest.trust.references import OpenedReference
from attest.trust.trust import Trust


@dataclass(frozen=True, kw_only=True)
class SealedServer:
    """What may run, and where it lies here."""

    path: Path
    opened: OpenedReference
    attachments: Mapping[str, bytes]
    roots: tuple[Root, ...]
    entries: PackedEntries
    places: Mapping[str, str]
    runtime: SealedServer | None = None
    """The runtime that it runs on, to be measured with it."""
    others: tuple[SealedServer, ...] = ()
    """Older references of the same server, which are good, too."""

    @property
    def reference(self) -> RuntimeReference:
        """What the sealer said."""
        return self.opened.predicate

    @property
    def listed(self) -> dict[str, tuple[str, ...]]:
        """The paths to look at in each root of single files: the sealed ones, and those at which nothing may lie."""
        listed = [root for root in self.roots if root.scope is Scope.LISTED]
        return {each.name: (*self.entries.paths_in(each.name), *each.absent) for each in listed}

    def real_places(self, prefix: str) -> dict[str, str]:
        """The places with every link followed, as the kernel spells them, for a process with the root `prefix`."""
        return {name: real_path(place, prefix) for name, place in self.places.items()}

    @property
    def known(self) -> Mapping[Key, str]:
        """The digests of the files that are sealed by digest."""
        return KnownDigests(self.entries)

    @property
    def digests(self) -> Collection[str]:
        """The digests of all sealed files, also of derived ones as they were seen."""
        return SealedDigests(self.entries)

    @cached_property
    def promised(self) -> dict[Key, tuple[str, ...]]:
        """The sealed inputs of the derived files."""
        return {key: entry.inputs for key, entry in self.entries.single.items() if entry.rule is not None}

    @cached_property
    def archives(self) -> dict[str, str]:
        """The file names of the bound archives by their SHA-256."""
        return {item.digest.sha256: item.name for item in self.reference.artifacts if item.digest.sha256 is not None}

    @cached_property
    def integrities(self) -> frozenset[str]:
        """The SHA-512 of the bound archives."""
        return frozenset(item.digest.sha512 for item in self.reference.artifacts if item.digest.sha512 is not None)

    def keep(self, documents: Documents) -> None:
        """Keep reference, parents, manifest and build evidence beside the log whose receipts will speak of them."""
        for each in (self.opened, *self.opened.parents):
            documents.put("reference", each.digest, each.envelope)
        manifest = self.reference.manifest.digest.sha256 or ""
        if not documents.has("manifest", manifest):
            # Not held all the while: it may be larger than all else that an agent has in memory.
            documents.put("manifest", manifest, _read_manifest(self.path, self.reference))
        for digest, octets in self.attachments.items():
            documents.put("evidence", digest, octets)
        for other in (self.runtime, *self.others):
            if other is not None:
                other.keep(documents)


def load_sealed(path: Path, trust: Trust, *, at: int, places: Mapping[str, Path]) -> SealedServer:
    """Open a reference with its side files; `places` overrides where roots lie.

    Raises `UntrustedError` (signature, manifest or evidence that the reference does not name, or a sub-mandate that is
    wider than its parent), `MalformedError`.
    """
    opened = load_reference(path, trust, at=at)
    reference = opened.predicate
    manifest = _read_manifest(path, reference)
    packer = EntryPacker()
    header = read_entries(io.BytesIO(manifest), packer.take, where=str(manifest_path(path)))
    return SealedServer(
        path=path,
        opened=opened,
        attachments=_attachments(path, reference),
        roots=header.roots,
        entries=packer.packed(),
        places=_places(reference, header.roots, places),
    )


def _read_manifest(path: Path, reference: RuntimeReference) -> bytes:
    manifest = read_file(manifest_path(path), max_bytes=MAX_DOCUMENT_BYTES)
    if sha256_hex(manifest) != reference.manifest.digest.sha256:
        raise UntrustedError(
            str(manifest_path(path)),
            f"the manifest with sha256 {reference.manifest.digest.sha256}",
            sha256_hex(manifest),
        )
    return manifest


def _attachments(path: Path, reference: RuntimeReference) -> dict[str, bytes]:
    named = {piece.digest for piece in reference.evidence}
    if not named:
        return {}
    where = attachments_path(path)
    found = read_attachments(read_file(where, max_bytes=MAX_DOCUMENT_BYTES).splitlines(keepends=True), where=str(where))
    missing = sorted(named - set(found))
    if missing:
        raise MalformedError(str(where), f"build evidence {missing[0]}", "none of that digest")
    return {digest: found[digest] for digest in sorted(named)}


def _places(reference: RuntimeReference, roots: tuple[Root, ...], overrides: Mapping[str, Path]) -> dict[str, str]:
    sealed = {place.name: place.path for place in reference.places}
    places = {root.name: str(overrides.get(root.name, sealed.get(root.name, ""))) for root in roots}
    for name, place in places.items():
        if not place.startswith("/"):
            raise RefusedError(f"root {name}", "an absolute place", place or "none", hint=f"--root {name}=PATH")
    for root in roots:
        if root.scope is Scope.EXACT:
            refuse_ourselves(places[root.name])
    return places
