"""Small npm tarballs and installations of them, laid out as npm and pnpm do, for tests without either."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attest.measure.collectors import COLLECTORS
from tests.tars import tarball, write
from tests.wheels import put

NPM = COLLECTORS["npm"]
SCRIPT = b"#!/usr/bin/env node\nconsole.log('small')\n"
WINDOWS = b"#!/usr/bin/env node\r\nconsole.log('windows')\r\n"
MENDED = b"#!/usr/bin/env node\nconsole.log('windows')\r\n"


def package(name: str, version: str = "1.0.0", **fields: Any) -> bytes:
    return json.dumps({"name": name, "version": version, **fields}).encode()


SMALL = {
    "package.json": package("@small/server", bin={"small": "dist/index.js"}),
    "dist/index.js": SCRIPT,
    "LICENSE": b"x",
}
LEAF = {"package.json": package("leaf"), "index.js": b"module.exports = 1\n"}


def make_tarball(
    folder: Path,
    files: Mapping[str, bytes],
    modes: Mapping[str, int] | None = None,
    *,
    top: str = "package",
    filename: str | None = None,
) -> Path:
    """Pack what a package holds as `npm pack` does, below one folder."""
    told = json.loads(files["package.json"])
    name = filename or f"{told['name'].replace('@', '').replace('/', '-')}-{told['version']}.tgz"
    members = {f"{top}/{path}": octets for path, octets in files.items()}
    return write(folder, name, tarball(members, {f"{top}/{path}": mode for path, mode in (modes or {}).items()}))


def unpack(folder: Path, files: Mapping[str, bytes], programs: Iterable[str] = ()) -> None:
    """Put the files of a package where an installer does."""
    for path, octets in files.items():
        put(folder / path, octets, 0o755 if path in programs else 0o644)


def link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def integrity(path: Path) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()}"


def install(project: Path, small: Path, leaf: Path) -> Path:
    """Lay out the two packages as `npm install @small/server leaf` does."""
    modules = project / "node_modules"
    unpack(modules / "@small/server", SMALL, {"dist/index.js"})
    unpack(modules / "leaf", LEAF)
    link(modules / ".bin/small", "../@small/server/dist/index.js")
    packages = {
        "node_modules/@small/server": {
            "version": "1.0.0",
            "integrity": integrity(small),
            "bin": {"small": "dist/index.js"},
        },
        "node_modules/leaf": {"version": "1.0.0", "integrity": integrity(leaf), "license": "MIT"},
    }
    wanted = {"@small/server": "^1.0.0", "leaf": "^1.0.0"}
    hidden = {"name": project.name, "lockfileVersion": 3, "requires": True, "packages": packages}
    put(modules / ".package-lock.json", json.dumps(hidden).encode())
    lock = {**hidden, "packages": {"": {"dependencies": wanted}, **packages}}
    put(project / "package-lock.json", json.dumps(lock).encode())
    put(project / "package.json", json.dumps({"dependencies": wanted, "_npx": {"packages": ["leaf"]}}).encode())
    return project


def edit(path: Path, change: Any) -> None:
    """Change a JSON file in place."""
    told = json.loads(path.read_bytes())
    change(told)
    path.write_bytes(json.dumps(told).encode())


def touch_byte(path: Path) -> None:
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)


def relative(path: Path, start: Path) -> str:
    return os.path.relpath(path, start)
