"""Runtimes for tests: ELF files and a library cache made by hand, and a small interpreter with a standard library.

The interpreter is a real program (`sleep`) under another name, so that a process can run it; nothing compiles with it.
"""

from __future__ import annotations

import py_compile
import shutil
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

VERSION: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
MACHINE: Final = 62
"""EM_X86_64."""

_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_HEADER_BYTES, _SEGMENT_BYTES, _BASE = 64, 56, 0x10000


def make_elf(
    *,
    needed: Sequence[str] = (),
    loader: str | None = None,
    rpath: str | None = None,
    runpath: str | None = None,
    machine: int = MACHINE,
) -> bytes:
    """Return a 64-bit ELF file that asks for these libraries and can do nothing else."""
    names = [*needed, *(text for text in (rpath, runpath) if text is not None)]
    strings, places = b"\0", {}
    for name in names:
        places[name] = len(strings)
        strings += name.encode() + b"\0"
    interpreter = b"" if loader is None else loader.encode() + b"\0"
    start = _HEADER_BYTES + 3 * _SEGMENT_BYTES
    table = start + len(interpreter)
    tags = [(1, places[name]) for name in needed]
    tags += [(tag, places[text]) for tag, text in ((15, rpath), (29, runpath)) if text is not None]
    tags += [(5, _BASE + table), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *pair) for pair in tags)
    size = table + len(strings) + len(dynamic)
    kinds = [(_LOAD, 0, size), (_DYNAMIC, table + len(strings), len(dynamic)), (_INTERPRETER, start, len(interpreter))]
    segments = b"".join(
        struct.pack("<IIQQQQQQ", kind if length else 0, 4, offset, _BASE + offset, 0, length, length, 8)
        for kind, offset, length in kinds
    )
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, _HEADER_BYTES, 0, 0, 64, _SEGMENT_BYTES, 3, 0, 0, 0)
    return ident + header + segments + interpreter + strings + dynamic


def make_library_cache(entries: Sequence[tuple[str, str]]) -> bytes:
    """Return `/etc/ld.so.cache` with these names and paths."""
    offset = 48 + 24 * len(entries)
    rows, strings = b"", b""
    for name, path in entries:
        at = offset + len(strings)
        rows += struct.pack("=iIIIQ", 0x0303, at, at + len(name) + 1, 0, 0)
        strings += name.encode() + b"\0" + path.encode() + b"\0"
    head = b"glibc-ld.so.cache1.1" + struct.pack("=II", len(entries), len(strings)) + bytes(20)
    return head + rows + strings


LIBRARY: Final[Mapping[str, bytes]] = {
    "os.py": b"NAME = 'posix'\n",
    "json/__init__.py": b"from json.decoder import loads\n",
    "json/decoder.py": b"def loads(text):\n    return 'good'\n",
    "site-packages/other.py": b"OF = 'somebody else'\n",
}


def make_interpreter(prefix: Path, program: Path | None = None) -> Path:
    """Lay out an interpreter with its library at `prefix`; return its executable."""
    library = library_of(prefix)
    for path, octets in LIBRARY.items():
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_bytes(octets)
    (prefix / "bin").mkdir(parents=True)
    executable = prefix / "bin" / f"python{VERSION}"
    shutil.copy(program or shutil.which("sleep") or "/bin/sleep", executable)
    (prefix / "bin" / "python3").symlink_to(executable.name)
    return executable


def library_of(prefix: Path) -> Path:
    """Return the directory of the standard library."""
    return prefix / "lib" / f"python{VERSION}"


def compile_library(prefix: Path) -> list[Path]:
    """Write the byte code of the library, as a first start does; return where it lies."""
    sources = sorted((library_of(prefix) / "json").glob("*.py"))
    return [Path(str(py_compile.compile(str(source), doraise=True))) for source in sources]
