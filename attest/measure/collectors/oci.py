"""Container images (OCI image layout): from the digest of a manifest or index to the files of the root file system.

What build evidence names is the digest of an index or of the manifest for one platform; both are known here, and that
of a tar archive of the layout. Each blob on the way is checked by digest and size, each layer unpacked by its diffID.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from attest.errors import MalformedError
from attest.measure.binding import Archive, LinkMember, Member
from attest.measure.collectors.collector import Collector
from attest.measure.collectors.oci_binding import bind_oci, outside_oci
from attest.measure.expansion import expand
from attest.measure.images.documents import LAYERS, Descriptor, Manifest, read_configuration, read_manifest
from attest.measure.images.layout import MARKER, Layout, opened
from attest.measure.images.selection import Candidate, select, split
from attest.measure.images.view import View
from attest.measure.tar.member import MemberKind
from attest.statement.digests import DigestSet

SUFFIXES: Final = (".tar", ".oci")
_NAME: Final = re.compile(r"[^a-z0-9._-]+")


def recognises(path: Path) -> bool:
    """Return whether it is a directory with the marker of a layout, or called like an archive of one.

    `PATH@WHICH` names one of several images in it.
    """
    place, _ = split(path)
    return (place / MARKER).is_file() if place.is_dir() else place.name.endswith(SUFFIXES)


def read_oci(path: Path) -> Archive:
    """Read one image of a layout whole; raises `MalformedError`, `RefusedError` (which image?), `UnavailableError`."""
    place, which = split(path)
    with opened(place) as (layout, container):
        chosen = select(layout, which, where=place.name)
        octets = layout.document(chosen.manifest)
        manifest = read_manifest(octets, where=chosen.manifest.digest)
        configuration = read_configuration(layout.document(manifest.configuration), where=manifest.configuration.digest)
        view = _view(layout, manifest, configuration.diff_ids)
        indexes = [_digests(layout.document(above)) for above in reversed(chosen.above)]
    digest = _digests(octets)
    name = _name(place, chosen)
    return Archive(
        kind=NAME,
        name=name,
        version=configuration.version,
        purl=f"pkg:oci/{name}@sha256%3A{digest.sha256}",
        filename=place.name,
        digest=digest,
        aliases=(*indexes, *(() if container is None else (container,))),
        members=tuple(_members(view)),
        links=tuple(
            LinkMember(path=path, target=node.target or "")
            for path, node in view.nodes.items()
            if node.kind is MemberKind.LINK
        ),
        label=place.name,
    )


def _view(layout: Layout, manifest: Manifest, diff_ids: tuple[str, ...]) -> View:
    if len(diff_ids) != len(manifest.layers):
        raise MalformedError(
            manifest.configuration.digest, f"a diffID for each of {len(manifest.layers)} layers", f"{len(diff_ids)}"
        )
    view = View()
    for layer, diff_id in zip(manifest.layers, diff_ids, strict=True):
        unpacked = expand(layout.stream(layer), LAYERS[layer.media_type], where=layer.digest)
        view.apply(_checked(unpacked, diff_id, layer), where=layer.digest)
    return view


def _checked(pieces: Iterable[bytes], diff_id: str, layer: Descriptor) -> Iterator[bytes]:
    algorithm, _, expected = diff_id.partition(":")
    digest = hashlib.new(algorithm)
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != expected:
        raise MalformedError(layer.digest, f"a layer that unpacks to {diff_id}", f"{algorithm}:{digest.hexdigest()}")


def _members(view: View) -> Iterator[Member]:
    for path, node in view.nodes.items():
        if node.kind is MemberKind.FILE and node.sha256 is not None:
            yield Member(path=path, size=node.size, sha256=node.sha256, executable=node.executable)


def _digests(octets: bytes) -> DigestSet:
    return DigestSet(sha256=hashlib.sha256(octets).hexdigest(), sha512=hashlib.sha512(octets).hexdigest())


def _name(place: Path, chosen: Candidate) -> str:
    """The repository's last part where a name tells it, else the layout's file name; it proves nothing."""
    names = [each.reference for each in (*chosen.above, chosen.manifest) if each.reference and "/" in each.reference]
    whole = names[0].partition("@")[0].rpartition("/")[2].partition(":")[0] if names else place.name
    for suffix in (".tar", ".oci"):
        whole = whole.removesuffix(suffix)
    return _NAME.sub("-", whole.lower()).strip("-") or "image"


NAME: Final = "oci"

OCI: Final = Collector(name=NAME, recognises=recognises, read=read_oci, outside=outside_oci, bind=bind_oci)
