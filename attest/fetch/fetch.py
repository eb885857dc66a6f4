"""Fetch archives and attestations into a folder, whole or not at all, and say what was found for each."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from attest.codec.files import read_file, write_file
from attest.errors import MalformedError, RefusedError
from attest.fetch import npm, pypi
from attest.fetch.wanted import Ecosystem, Wanted, wanted_of
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.read import read_evidence
from attest.statement.digests import DigestSet
from attest.trust.making import make_trust, write_trust
from attest.trust.trust import parse_trust

MAX_ARCHIVE_BYTES: Final = 4 * 1024 * 1024 * 1024
LOCK_NAME: Final = {Ecosystem.PYPI: "requirements.txt", Ecosystem.NPM: "package-lock.json"}
"""What the list of fetched archives with the index's digests is called: evidence for `seal`, as good as `locked`."""

ASKED_AT_ONCE: Final = 8
"""Requests for attestations at a time: an index answers in a second, and a server has a hundred archives."""


Tell = Callable[[str, int], None]
"""Takes what is being done and of how many archives; 0 if that is not known yet."""

_RESOLVING: Final = "asking the index what is needed"
_DOWNLOADING: Final = "downloading archives"
_ASKING: Final = "asking the index for attestations"


def _untold(_doing: str, _count: int) -> None:
    """Tell nobody."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """One archive that lies in the folder now, and the file with its attestations, if the index offers any."""

    archive: str
    sha256: str
    attestations: str | None


def fetch_packages(
    wanted: Sequence[Wanted], out: Path, *, dependencies: bool, tell: Tell = _untold
) -> Iterator[Fetched]:
    """Fetch packages, and what an installation of them needs if `dependencies`; yields each as it arrives.

    Writes a lock file beside the archives. Raises `UnavailableError` without client, network or such a package.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        python = [each for each in wanted if each.ecosystem is Ecosystem.PYPI]
        if python:
            tell(_RESOLVING, 0)
            pinned = pypi.resolve(python, folder, dependencies=dependencies)
            lines = "\n".join(each.line() for each in pinned) + "\n"
            _put(out / LOCK_NAME[Ecosystem.PYPI], lines.encode())
            yield from _fetch_pypi(pinned, folder, out, tell)
        for each in wanted:
            if each.ecosystem is Ecosystem.NPM:
                yield from _fetch_npm_package(each, folder, out, tell, dependencies=dependencies)


def fetch_locked(octets: bytes, name: str, out: Path, *, tell: Tell = _untold) -> Iterator[Fetched]:
    """Fetch every archive that a lock file (or an SBOM) names, and refuse one that has another digest than it says.

    The lock file itself is kept beside them. Raises `MalformedError` if it names no archive of an index.
    """
    wanted = wanted_in(octets, name)
    _put(out / Path(name).name, octets)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        python = [each for each in wanted if each.ecosystem is Ecosystem.PYPI]
        if python:
            tell(_RESOLVING, 0)
            pinned = pypi.resolve(python, folder, dependencies=False)
            _check_locked([(each.filename, DigestSet(sha256=each.sha256), each.name) for each in pinned], python)
            yield from _fetch_pypi(pinned, folder, out, tell)
        node = [each for each in wanted if each.ecosystem is Ecosystem.NPM]
        if node:
            yield from _fetch_npm(node, folder, out, tell)


def pack_locked(wanted: Sequence[Wanted], folder: Path) -> tuple[npm.Packed, ...]:
    """Download tarballs alone into `folder`, and refuse one that has another digest than its lock says."""
    packed = npm.pack(wanted, folder)
    _check_locked([(each.filename, DigestSet(sha512=each.sha512), each.name) for each in packed], wanted)
    return packed


def wanted_in(octets: bytes, name: str) -> tuple[Wanted, ...]:
    """Return the packages that a lock file or SBOM names with version and digests, each once."""
    listed = _read_unsigned(octets, name)
    found = [wanted_of(each.purl, each.archives) for each in listed.components]
    wanted = [each for each in found if each is not None and each.version is not None and each.archives]
    if not wanted:
        raise MalformedError(name, "a lock file that names archives of PyPI or npm with digests", "none")
    return tuple(dict.fromkeys(wanted))


def _read_unsigned(octets: bytes, name: str) -> VerifiedEvidence:
    # Nobody's signature counts here: what is fetched is judged when it is sealed.
    nobody = parse_trust(write_trust(make_trust()), where="trust file")
    return read_evidence(octets, trust=nobody, expectations=Expectations(), where=name)


def _fetch_npm_package(wanted: Wanted, folder: Path, out: Path, tell: Tell, *, dependencies: bool) -> Iterator[Fetched]:
    if not dependencies and wanted.version is not None:
        yield from _fetch_npm([wanted], folder, out, tell)
        return
    tell(_RESOLVING, 0)
    octets = npm.lock(wanted, folder)
    rows = wanted_in(octets, LOCK_NAME[Ecosystem.NPM])
    if not dependencies:
        rows = tuple(each for each in rows if each.name == wanted.name)
    _put(out / LOCK_NAME[Ecosystem.NPM], octets)
    yield from _fetch_npm(rows, folder, out, tell)


def _fetch_pypi(pinned: Sequence[pypi.Pinned], folder: Path, out: Path, tell: Tell) -> Iterator[Fetched]:
    tell(_DOWNLOADING, len(pinned))
    pypi.download(pinned, folder)
    index = pypi.index_url(folder)
    tell(_ASKING, len(pinned))

    def ask(each: pypi.Pinned) -> bytes | None:
        return pypi.attestation(index, each.name, each.filename, each.sha256)

    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        for each, offered in zip(pinned, pool.map(ask, pinned), strict=True):
            yield _keep(folder / each.filename, offered, out)


def _fetch_npm(wanted: Sequence[Wanted], folder: Path, out: Path, tell: Tell) -> Iterator[Fetched]:
    tell(_DOWNLOADING, len(wanted))
    packed = pack_locked(wanted, folder)
    registries = {_scope(each.name): each.name for each in packed}
    tell(_ASKING, len(packed))
    registries = {scope: npm.registry_url(name, folder) for scope, name in registries.items()}

    def ask(each: npm.Packed) -> bytes | None:
        return npm.attestation(registries[_scope(each.name)], each.name, each.version)

    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        for each, offered in zip(packed, pool.map(ask, packed), strict=True):
            yield _keep(folder / each.filename, offered, out)


def _keep(archive: Path, offered: bytes | None, out: Path) -> Fetched:
    octets = read_file(archive, max_bytes=MAX_ARCHIVE_BYTES)
    _put(out / archive.name, octets)
    beside = f"{archive.name}.attestations.json"
    if offered is not None:
        _put(out / beside, offered)
    return Fetched(
        archive=archive.name,
        sha256=hashlib.sha256(octets).hexdigest(),
        attestations=None if offered is None else beside,
    )


def _put(path: Path, octets: bytes) -> None:
    """Write a file, or leave the one of the same content; nothing else is ever replaced."""
    if path.exists():
        if read_file(path, max_bytes=MAX_ARCHIVE_BYTES) == octets:
            return
        raise RefusedError(str(path), "no file of that name with other content", "one", hint="fetch into a new folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, [octets])


def _check_locked(found: Sequence[tuple[str, DigestSet, str]], wanted: Sequence[Wanted]) -> None:
    """Refuse an archive of a package whose lock names other digests."""
    locked: dict[str, list[DigestSet]] = {}
    for each in wanted:
        locked.setdefault(pypi_name(each.name), []).extend(each.archives)
    for filename, digest, name in found:
        named = locked.get(pypi_name(name), [])
        if named and not any(each.matches(digest) for each in named):
            said = " or ".join(f"{kind}:{value}" for each in named for kind, value in each.items())[:300]
            raise RefusedError(filename, f"an archive that the lock file names, {said}", str(digest.items()[0])[:200])


def pypi_name(name: str) -> str:
    """Return a name so that two spellings of one Python project are equal (PEP 503); npm's are not changed by it."""
    return name.lower().replace("_", "-").replace(".", "-")


def _scope(name: str) -> str:
    return name.partition("/")[0] if name.startswith("@") else ""
