"""Small Debian packages, good and hostile."""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from pathlib import Path

from tests.tars import file, header, tar

CONTROL = b"Package: small-tool\nVersion: 1:1.0-2\nArchitecture: amd64\nDescription: a tool\n more of it\n"
FILES = {
    "usr/bin/tool": b"\x7fELF tool",
    "usr/lib/small-tool/index.js": b"console.log()\n",
    "etc/small-tool.conf": b"colour = red\n",
    "usr/share/doc/small-tool/copyright": b"text\n",
}


def data(*more: bytes) -> bytes:
    files = [
        file(f"./{path}", octets, 0o755 if path.startswith("usr/bin") else 0o644) for path, octets in FILES.items()
    ]
    return tar(header(b"./", type_=b"5"), *files, header(b"./usr/bin/also", type_=b"2", link=b"tool"), *more)


def control(text: bytes = CONTROL, conffiles: bytes = b"/etc/small-tool.conf\n") -> bytes:
    return tar(file("./control", text), file("./conffiles", conffiles))


def ar(members: Sequence[tuple[str, bytes]]) -> bytes:
    parts = [b"!<arch>\n"]
    for name, octets in members:
        fields = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(octets):<10}`\n"
        parts += [fields.encode(), octets, b"\n" * (len(octets) % 2)]
    return b"".join(parts)


def deb(
    data_part: tuple[str, bytes] | None = None,
    control_part: tuple[str, bytes] | None = None,
    version: bytes = b"2.0\n",
    more: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    parts = [control_part or ("control.tar.xz", lzma.compress(control())), data_part or ("data.tar", data())]
    return ar([("debian-binary", version), *parts, *more])


def make_deb(folder: Path, octets: bytes | None = None) -> Path:
    path = folder / "small-tool_1.0-2_amd64.deb"
    path.write_bytes(deb() if octets is None else octets)
    return path
