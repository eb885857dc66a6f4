"""Small wheels and installations of them, written as pip would, for tests without a package index."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import stat
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from attest.measure.binding import Archive, Bound
from attest.measure.collectors import COLLECTORS
from attest.measure.facts import Facts
from attest.measure.tree import look_at_roots
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Observation

WHEEL = COLLECTORS["wheel"]
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"lib/{PYTHON}/site-packages"
PLAIN, PROGRAM = 0o100644, 0o100755

PIP_SHIM = """\
#!{python}
import sys
from {module} import {name}
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit({name}())
"""

SMALL = {
    "small/__init__.py": b"GREETING = 'hello'\n\n\ndef main():\n    return {1, 2, 3} & {'a'}\n",
    "small/deep/__init__.py": b"",
    "small/native.so": b"\x7fELF",
    "small_tool-1.0.dist-info/entry_points.txt": b"[console_scripts]\nsmall = small:main\n",
}


def record_hash(octets: bytes) -> str:
    digest = hashlib.sha256(octets).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def wheel_files(files: Mapping[str, bytes], label: str = "small_tool-1.0") -> dict[str, bytes]:
    """Add what every wheel has: METADATA, WHEEL and a right RECORD."""
    name, version = label.split("-")
    info = f"{label}.dist-info"
    whole = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},{record_hash(octets)},{len(octets)}\n" for path, octets in whole.items()]
    return {**whole, f"{info}/RECORD": "".join([*rows, f"{info}/RECORD,,\n"]).encode()}


def zipped(files: Mapping[str, bytes], modes: Mapping[str, int] | None = None) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, octets in files.items():
            member = zipfile.ZipInfo(path)
            member.external_attr = (modes or {}).get(path, PLAIN) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, octets)
    return stream.getvalue()


def make_wheel(
    folder: Path,
    files: Mapping[str, bytes] | None = None,
    label: str = "small_tool-1.0",
    modes: Mapping[str, int] | None = None,
) -> Path:
    path = folder / f"{label}-py3-none-any.whl"
    given = SMALL if files is None else files
    path.write_bytes(zipped(wheel_files(given, label), modes or {"small/native.so": PROGRAM}))
    return path


def install(wheel: Path, prefix: Path) -> Path:
    """Install a wheel without `.data` into an environment with links, as pip does; return its site."""
    site = prefix / SITE
    label = "-".join(wheel.name.split("-")[:2])
    extra = {f"{label}.dist-info/INSTALLER": b"pip\n", f"{label}.dist-info/REQUESTED": b""}
    rows = []
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            put(site / member.filename, archive.read(member), member.external_attr >> 16)
        if f"{label}.dist-info/entry_points.txt" in archive.namelist():
            shim = PIP_SHIM.format(python=prefix / "bin/python", module="small", name="main").encode()
            put(prefix / "bin/small", shim, PROGRAM)
            rows.append(f"../../../bin/small,{record_hash(shim)},{len(shim)}\n")
        rows += archive.read(f"{label}.dist-info/RECORD").decode().splitlines(keepends=True)
    for path, octets in extra.items():
        put(site / path, octets, PLAIN)
        rows.append(f"{path},{record_hash(octets)},{len(octets)}\n")
    put(site / f"{label}.dist-info/RECORD", "".join(rows).encode(), PLAIN)
    return site


def make_environment(prefix: Path) -> Path:
    """Write the links and the configuration that `python -m venv` writes on Linux."""
    (prefix / SITE).mkdir(parents=True)
    (prefix / "bin").mkdir()
    real = Path(os.path.realpath(sys.executable))
    (prefix / "bin/python3").symlink_to(real)
    (prefix / "bin/python").symlink_to("python3")
    (prefix / "lib64").symlink_to("lib")
    version = ".".join(map(str, sys.version_info[:3]))
    lines = (f"home = {real.parent}", "include-system-site-packages = false", f"version = {version}")
    put(prefix / "pyvenv.cfg", "".join(f"{line}\n" for line in lines).encode(), PLAIN)
    return prefix


def put(path: Path, octets: bytes, mode: int = PLAIN) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    path.chmod(stat.S_IMODE(mode))


def look(places: Mapping[str, Path], listed: Mapping[str, Iterable[str]] | None = None) -> Observation:
    roots = [
        Root(name=name, scope=Scope.LISTED if listed and name in listed else Scope.EXACT, mutable=()) for name in places
    ]
    return look_at_roots(places, roots, listed or {}, clock_ms=lambda: 0)


def facts_of(observation: Observation, bounds: Iterable[Bound]) -> Facts:
    """Take bound files as sealed, as `attest seal` does."""
    bounds = tuple(bounds)
    return Facts(
        observation=observation,
        known={key: file.sha256 for bound in bounds for key, file in bound.files.items()},
        archives={_sha256(bound.archive): bound.archive.filename for bound in bounds},
        integrities=frozenset(bound.archive.digest.sha512 or "" for bound in bounds),
        promised={key: inputs for bound in bounds for key, inputs in bound.promised.items()},
    )


def unknown(facts: Facts) -> tuple[tuple[str, str], ...]:
    return tuple(key for key in facts.observation.files if key not in facts.known)


def _sha256(archive: Archive) -> str:
    return archive.digest.sha256 or ""
