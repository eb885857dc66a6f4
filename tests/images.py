"""Small container images as OCI layouts, good and hostile, for tests without a registry."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.tars import file, header, tar

OCI = "application/vnd.oci.image"
INDEX, MANIFEST, CONFIG = (f"{OCI}.{name}.v1+json" for name in ("index", "manifest", "config"))
LAYER, LAYER_GZIP, LAYER_ZSTD = (f"{OCI}.layer.v1.tar{packing}" for packing in ("", "+gzip", "+zstd"))

LOWER = tar(
    file("app/old.js", b"old\n"),
    file("app/server.js", b"first\n"),
    file("app/cache/a", b"a\n"),
    file("usr/bin/tool", b"#!/bin/sh\n", 0o755),
)
UPPER = tar(
    file("app/.wh.old.js"),
    file("app/server.js", b"second\n"),
    file("app/cache/.wh..wh..opq"),
    file("app/cache/b", b"b\n"),
    header(b"usr/bin/also", type_=b"2", link=b"tool"),
)
SEEN = {"app/server.js": b"second\n", "app/cache/b": b"b\n", "usr/bin/tool": b"#!/bin/sh\n"}
"""The regular files of the image made of these two layers."""


def sha256(octets: bytes) -> str:
    return "sha256:" + hashlib.sha256(octets).hexdigest()


@dataclass
class Image:
    """A layout under construction: blobs by digest, and what `index.json` names."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def put(self, octets: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        digest = sha256(octets)
        self.blobs[digest] = octets
        return {"mediaType": media_type, "digest": digest, "size": len(octets), **more}

    def manifest(
        self, layers: Sequence[bytes], *, changes: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Add an image of these layers; `changes` are made to its manifest, `more` stands in its descriptor."""
        labels = {"org.opencontainers.image.version": "1.2"}
        rootfs = {"type": "layers", "diff_ids": [sha256(layer) for layer in layers]}
        config = {"os": "linux", "architecture": "amd64", "rootfs": rootfs, "config": {"Labels": labels}}
        packed = [self.put(gzip.compress(layer, mtime=0), LAYER_GZIP) for layer in layers]
        whole = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.put(json.dumps(config).encode(), CONFIG),
            "layers": packed,
            **(changes or {}),
        }
        return self.put(json.dumps(whole).encode(), MANIFEST, **more)

    def index(self, entries: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return self.put(index_of(entries), INDEX, **more)

    def files(self) -> dict[str, bytes]:
        return {
            "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
            "index.json": index_of(self.entries),
            **{f"blobs/{digest.replace(':', '/')}": octets for digest, octets in self.blobs.items()},
        }

    def write(self, folder: Path) -> Path:
        for path, octets in self.files().items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(octets)
        return folder

    def write_tar(self, path: Path) -> Path:
        path.write_bytes(tar(*(file(name, octets) for name, octets in self.files().items())))
        return path


def index_of(entries: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}).encode()


def image(*layers: bytes, **more: Any) -> Image:
    """A layout with one image of these layers, of the two above unless given."""
    made = Image()
    made.entries.append(made.manifest(layers or (LOWER, UPPER), **more))
    return made


def make_tar(folder: Path) -> Path:
    return image().write_tar(folder / "small-tool.tar")
