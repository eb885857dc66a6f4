"""Python packages: wheels through pip, and the attestations that the index offers for them (PEP 740, PEP 691).

Wheels only: a source archive would have to be built, which runs its code.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from attest.codec import strict
from attest.codec.files import read_file
from attest.codec.records import Line, Sha256Hex
from attest.errors import MalformedError, UnavailableError
from attest.fetch.client import run_client
from attest.fetch.wanted import Wanted
from attest.fetch.web import MAX_BYTES, get

_SIMPLE: Final = "application/vnd.pypi.simple.v1+json"
_HINT: Final = "check the network, the name and the version; pip says more: pip download --only-binary :all: NAME"
_SEPARATORS: Final = re.compile(r"[-_.]+")
_INDEX: Final = (
    "from pip._internal.commands import create_command; "
    "print(create_command('download').parse_args([])[0].index_url or '')"
)
"""Only pip itself knows which index its configuration, environment and defaults come to."""


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """One archive: its package, its file name, and the digest that the index says it has."""

    name: str
    version: str
    filename: str
    sha256: str

    def line(self) -> str:
        """Return it as a line of a hashed requirements file."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


class _Hashes(msgspec.Struct, frozen=True):
    sha256: Sha256Hex


class _Archive(msgspec.Struct, frozen=True):
    hashes: _Hashes


class _Download(msgspec.Struct, frozen=True):
    url: Line
    archive_info: _Archive


class _Metadata(msgspec.Struct, frozen=True):
    name: Line
    version: Line


class _Installed(msgspec.Struct, frozen=True):
    download_info: _Download
    metadata: _Metadata


class _Report(msgspec.Struct, frozen=True):
    """pip's installation report, version 1."""

    version: str
    install: Annotated[tuple[_Installed, ...], msgspec.Meta(max_length=10_000)]


class _File(msgspec.Struct, frozen=True):
    filename: str
    hashes: dict[str, Any]
    provenance: str | None = None


class _Project(msgspec.Struct, frozen=True):
    files: tuple[_File, ...]


def resolve(wanted: Sequence[Wanted], folder: Path, *, dependencies: bool) -> tuple[Pinned, ...]:
    """Return the archives that pip would install for these packages, each with the digest that the index gives it."""
    report = folder / "report.json"
    words = [*_pip(), "install", "--quiet", "--dry-run", "--ignore-installed", "--only-binary", ":all:"]
    words += [] if dependencies else ["--no-deps"]
    run_client([*words, "--report", str(report), "--", *map(_requirement, wanted)], folder, hint=_HINT)
    parsed = strict.convert(strict.parse(read_file(report), where="pip's report"), _Report, where="pip's report")
    return tuple(_pinned(item) for item in parsed.install)


def download(pinned: Sequence[Pinned], folder: Path) -> None:
    """Download exactly these archives into `folder`; pip compares them with their digests."""
    lines = folder / "pinned.txt"
    lines.write_text("\n".join(each.line() for each in pinned) + "\n", encoding="utf-8")
    words = [*_pip(), "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    run_client([*words, "--requirement", str(lines), "--dest", str(folder)], folder, hint=_HINT)
    lines.unlink()


def index_url(folder: Path) -> str:
    """Return the address of the index that pip asks, as its owner set it up."""
    found = run_client([sys.executable, "-c", _INDEX], folder, hint=_HINT).decode("utf-8", "replace").strip()
    if not found:
        raise UnavailableError("pip", "an index", "none", hint="pip is set to use no index")
    return found


def attestation(index: str, project: str, filename: str, sha256: str) -> bytes | None:
    """Return the provenance object (PEP 740) that the index offers for a file; None if it offers none.

    Nothing is verified here, and nothing else is taken than what the index says of this very file and digest. A wheel
    says its project's name as its author wrote it, an index knows it by its normalised name (PEP 503).
    """
    page = get(f"{index.rstrip('/')}/{_SEPARATORS.sub('-', project).lower()}/", accept=_SIMPLE)
    if page is None:
        return None
    try:
        parsed = strict.parse(page, where="index", max_bytes=MAX_BYTES)
    except MalformedError:
        return None  # An index that speaks HTML alone (PEP 503) names no attestations that could be read strictly.
    for file in strict.convert(parsed, _Project, where=f"index: {project}").files:
        if file.filename == filename and file.hashes.get("sha256") == sha256 and file.provenance is not None:
            return get(file.provenance)
    return None


def _pip() -> list[str]:
    if importlib.util.find_spec("pip") is None:
        raise UnavailableError("pip", "pip beside this program", "none", hint="python -m ensurepip")
    return [sys.executable, "-m", "pip"]


def _requirement(wanted: Wanted) -> str:
    return wanted.name if wanted.version is None else f"{wanted.name}=={wanted.version}"


def _pinned(item: _Installed) -> Pinned:
    filename = unquote(urlsplit(item.download_info.url).path).rpartition("/")[2]
    if not filename.endswith(".whl"):
        raise MalformedError("pip's report", "a wheel", filename[:120])
    return Pinned(
        name=item.metadata.name,
        version=item.metadata.version,
        filename=filename,
        sha256=item.download_info.archive_info.hashes.sha256,
    )
