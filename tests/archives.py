"""One small good archive of each kind, and its installation, for the contract that every collector keeps."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import debs, images, npm_packages, wheels
from tests.wheels import PLAIN, PROGRAM, put, zipped

BINARY = b"\x7fELF" + bytes(range(256)) * 40
LINE = b"#!/usr/bin/env python3\n"
APP = {"__main__.py": b"print('hello')\n", "tool/__init__.py": b""}
MANIFEST = {
    "manifest_version": "0.3",
    "name": "small-tool",
    "version": "1.0.0",
    "description": "a tool",
    "author": {"name": "somebody"},
    "server": {
        "type": "node",
        "entry_point": "server/index.js",
        "mcp_config": {"command": "node", "args": ["${__dirname}/server/index.js"], "env": {}},
    },
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """How to make an archive in a folder, and how to install it below a prefix; returns the file to tamper with."""

    make: Callable[[Path], Path]
    install: Callable[[Path, Path], Path]


def make_binary(folder: Path) -> Path:
    path = folder / "small-tool-linux-amd64"
    put(path, BINARY, PROGRAM)
    return path


def install_binary(archive: Path, prefix: Path) -> Path:
    put(prefix / "bin/small-tool", archive.read_bytes(), PROGRAM)
    return prefix / "bin/small-tool"


def make_zipapp(folder: Path, octets: bytes | None = None) -> Path:
    path = folder / "small-tool.pyz"
    put(path, zipapp() if octets is None else octets, PROGRAM)
    return path


def zipapp(files: Mapping[str, bytes] = APP, line: bytes = LINE, *, relative: bool = False) -> bytes:
    """A zipapp; with `relative`, offsets count from the archive, as when a finished one gets its line."""
    if relative:
        return line + zipped(files)
    stream = io.BytesIO()
    stream.write(line)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, octets in files.items():
            archive.writestr(zipfile.ZipInfo(path), octets)
    return stream.getvalue()


def install_zipapp(archive: Path, prefix: Path) -> Path:
    put(prefix / "small-tool", archive.read_bytes(), PROGRAM)
    return prefix / "small-tool"


def mcpb_files(manifest: object = MANIFEST) -> dict[str, bytes]:
    return {
        "manifest.json": json.dumps(manifest).encode(),
        "server/index.js": b"console.log('hello')\n",
        "server/run": b"#!/bin/sh\n",
    }


def make_mcpb(folder: Path, octets: bytes | None = None, name: str = "small-tool.mcpb") -> Path:
    path = folder / name
    put(path, zipped(mcpb_files(), {"server/run": PROGRAM}) if octets is None else octets)
    return path


def signed_mcpb(octets: bytes, signature: bytes = b"\x30\x03not", *, as_comment: bool = False) -> bytes:
    """A bundle with a signature block, as `mcpb sign` appends it."""
    block = b"MCPB_SIG_V1" + struct.pack("<I", len(signature)) + signature + b"MCPB_SIG_END"
    if as_comment:
        octets = octets[:-2] + struct.pack("<H", len(block))
    return octets + block


def install_mcpb(archive: Path, prefix: Path) -> Path:
    with zipfile.ZipFile(archive) as unpacked:
        for member in unpacked.infolist():
            put(prefix / "extension" / member.filename, unpacked.read(member), member.external_attr >> 16 or PLAIN)
    return prefix / "extension/server/index.js"


def install_wheel(archive: Path, prefix: Path) -> Path:
    return wheels.install(archive, prefix) / "small/__init__.py"


def install_image(archive: Path, prefix: Path) -> Path:
    del archive
    for path, octets in images.SEEN.items():
        put(prefix / path, octets, PROGRAM if path.startswith("usr/bin") else PLAIN)
    (prefix / "usr/bin/also").symlink_to("tool")
    return prefix / "app/server.js"


def install_deb(archive: Path, prefix: Path) -> Path:
    del archive
    for path, octets in debs.FILES.items():
        put(prefix / path, octets, PROGRAM if path.startswith("usr/bin") else PLAIN)
    (prefix / "usr/bin/also").symlink_to("tool")
    return prefix / "usr/bin/tool"


def make_package(folder: Path) -> Path:
    return npm_packages.make_tarball(folder, npm_packages.SMALL)


def install_package(archive: Path, prefix: Path) -> Path:
    del archive
    npm_packages.unpack(prefix / "node_modules/@small/server", npm_packages.SMALL, {"dist/index.js"})
    return prefix / "node_modules/@small/server/dist/index.js"


SAMPLES: dict[str, Sample] = {
    "wheel": Sample(make=wheels.make_wheel, install=install_wheel),
    "npm": Sample(make=make_package, install=install_package),
    "mcpb": Sample(make=make_mcpb, install=install_mcpb),
    "zipapp": Sample(make=make_zipapp, install=install_zipapp),
    "deb": Sample(make=debs.make_deb, install=install_deb),
    "oci": Sample(make=images.make_tar, install=install_image),
    "binary": Sample(make=make_binary, install=install_binary),
}
"""One row for each row of `attest.measure.collectors`."""
