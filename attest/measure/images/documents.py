"""The JSON documents of an image: descriptors, indexes, manifests, configurations; other fields are ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from attest.codec import strict
from attest.errors import MalformedError
from attest.measure.expansion import Packing

MAX_DOCUMENT_BYTES: Final = 4 * 1024 * 1024
"""As registries limit manifests."""
MAX_LAYERS: Final = 1024
MAX_MANIFESTS: Final = 4096

_OCI: Final = "application/vnd.oci.image"
_DOCKER: Final = "application/vnd.docker"
INDEXES: Final = frozenset({f"{_OCI}.index.v1+json", f"{_DOCKER}.distribution.manifest.list.v2+json"})
MANIFESTS: Final = frozenset({f"{_OCI}.manifest.v1+json", f"{_DOCKER}.distribution.manifest.v2+json"})
CONFIGURATIONS: Final = frozenset({f"{_OCI}.config.v1+json", f"{_DOCKER}.container.image.v1+json"})
LAYERS: Final[Mapping[str, Packing]] = {
    f"{_OCI}.layer.v1.tar": Packing.NONE,
    f"{_OCI}.layer.v1.tar+gzip": Packing.GZIP,
    f"{_OCI}.layer.v1.tar+zstd": Packing.ZSTD,
    f"{_DOCKER}.image.rootfs.diff.tar": Packing.NONE,
    f"{_DOCKER}.image.rootfs.diff.tar.gzip": Packing.GZIP,
}
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What a document says about a blob."""

    media_type: str
    digest: str
    """`sha256:` or `sha512:` and hexadecimal digits."""
    size: int
    platform: str | None = None
    """`OS/ARCHITECTURE[/VARIANT]`."""
    reference: str | None = None
    """The name that an index gives it (a tag)."""
    attests: bool = False
    """Whether it is an attestation about an image, and no image."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One image for one platform."""

    configuration: Descriptor
    layers: tuple[Descriptor, ...]


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What of an image's configuration is needed here."""

    diff_ids: tuple[str, ...]
    version: str | None


def read_index(octets: bytes, *, where: str) -> tuple[Descriptor, ...]:
    """Return the manifests and indexes that an index names."""
    value = _document(octets, where, INDEXES)
    entries = _list(value, "manifests", where, MAX_MANIFESTS)
    return tuple(_descriptor(entry, f"{where}: manifests[{at}]") for at, entry in enumerate(entries))


def read_manifest(octets: bytes, *, where: str) -> Manifest:
    """Return configuration and layers; raises `MalformedError` for layers that lie elsewhere or of unknown types."""
    value = _document(octets, where, MANIFESTS)
    configuration = _descriptor(value.get("config"), f"{where}: config")
    if configuration.media_type not in CONFIGURATIONS:
        raise MalformedError(f"{where}: config", "the configuration of an image", ascii(configuration.media_type)[:80])
    entries = _list(value, "layers", where, MAX_LAYERS)
    layers = tuple(_descriptor(entry, f"{where}: layers[{at}]") for at, entry in enumerate(entries))
    for layer in layers:
        if layer.media_type not in LAYERS:
            known = "a layer as tar, tar+gzip or tar+zstd"
            raise MalformedError(f"{where}: layers", known, ascii(layer.media_type)[:80])
    return Manifest(configuration=configuration, layers=layers)


def read_configuration(octets: bytes, *, where: str) -> Configuration:
    """Return the digests of the unpacked layers, and the version that a label gives."""
    value = _document(octets, where, frozenset())
    rootfs = value.get("rootfs")
    if not isinstance(rootfs, dict) or rootfs.get("type") != "layers":
        raise MalformedError(f"{where}: rootfs", "a root file system of layers", "another one")
    diff_ids = tuple(_list(rootfs, "diff_ids", where, MAX_LAYERS))
    if not all(isinstance(each, str) and _DIGEST.fullmatch(each) for each in diff_ids):
        raise MalformedError(f"{where}: diff_ids", "digests", "something else")
    return Configuration(diff_ids=diff_ids, version=_version(value))


def _version(value: Mapping[str, Any]) -> str | None:
    inner = value.get("config")
    labels = inner.get("Labels") if isinstance(inner, dict) else None
    version = labels.get("org.opencontainers.image.version") if isinstance(labels, dict) else None
    return version if isinstance(version, str) and version and version.isprintable() else None


def _document(octets: bytes, where: str, types: frozenset[str]) -> dict[str, Any]:
    value = strict.parse(octets, where=where, max_bytes=MAX_DOCUMENT_BYTES)
    if not isinstance(value, dict):
        raise MalformedError(where, "an object", type(value).__name__)
    if types and (value.get("schemaVersion") != 2 or value.get("mediaType", next(iter(types))) not in types):  # noqa: PLR2004  (the only version there is)
        raise MalformedError(where, "schemaVersion 2 and the media type it was named with", "another one")
    return value


def _list(value: Mapping[str, Any], name: str, where: str, most: int) -> Sequence[Any]:
    found = value.get(name)
    if not isinstance(found, list) or len(found) > most:
        raise MalformedError(f"{where}: {name}", f"a list of at most {most}", "something else")
    return found


def _descriptor(value: Any, where: str) -> Descriptor:  # noqa: ANN401  (a JSON value)
    if not isinstance(value, dict):
        raise MalformedError(where, "a descriptor", type(value).__name__)
    media_type, digest, size = value.get("mediaType"), value.get("digest"), value.get("size")
    if not isinstance(media_type, str) or not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise MalformedError(where, "a media type and a digest by sha256 or sha512", ascii(digest)[:90])
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise MalformedError(f"{where}: size", "a number of bytes", ascii(size)[:40])
    if value.get("urls"):
        raise MalformedError(f"{where}: urls", "a blob that lies in the layout", "one to be fetched from elsewhere")
    annotations = value.get("annotations")
    notes = annotations if isinstance(annotations, dict) else {}
    reference = notes.get("org.opencontainers.image.ref.name")
    return Descriptor(
        media_type=media_type,
        digest=digest,
        size=size,
        platform=_platform(value.get("platform")),
        reference=reference if isinstance(reference, str) else None,
        attests="vnd.docker.reference.type" in notes,
    )


def _platform(value: Any) -> str | None:  # noqa: ANN401  (a JSON value)
    if not isinstance(value, dict):
        return None
    parts = [value.get("os"), value.get("architecture"), value.get("variant")]
    return "/".join(part for part in parts if isinstance(part, str) and part) or None
