"""Sealing with SBOMs and lock files: which files they make known, and which they never do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attest.errors import RefusedError
from attest.seal.request import Tree
from attest.statement.levels import Origin
from attest.statement.manifest import Entry, read_manifest
from tests.installed import Bench, make_bench
from tests.world import (
    make_attestation,
    make_bom,
    make_component,
    make_provenance,
    make_sbom,
    make_wheel,
    sha256_of,
    subject_of,
)

GOOD = b"console.log('good')\n"
TROJAN = b"console.log('evil')\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def server(bench: Bench) -> Path:
    """A tree of two files that came in no archive."""
    folder = bench.folder / "server"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib/server.js").write_bytes(GOOD)
    (folder / "lib/empty.js").write_bytes(b"")
    return folder


def file(path: str, octets: bytes) -> dict[str, Any]:
    return {"type": "file", "name": path, "hashes": [{"alg": "SHA-256", "content": sha256_of(octets)["sha256"]}]}


def write(bench: Bench, name: str, octets: bytes) -> Path:
    path = bench.folder / name
    path.write_bytes(octets)
    return path


def seal(bench: Bench, folder: Path, *evidence: bytes, **changes: Any) -> Any:
    paths = tuple(write(bench, f"e{number}.json", octets) for number, octets in enumerate(evidence))
    return bench.seal(trees=(Tree(name="tree", path=folder),), artifacts=(), evidence=paths, **changes)


def entries_of(manifest: bytes) -> dict[str, Entry]:
    _, entries = read_manifest(manifest.splitlines(keepends=True), where="manifest")
    return {entry.path: entry for entry in entries}


def both(prefix: str, octets: bytes = GOOD) -> list[dict[str, Any]]:
    return [file(f"{prefix}lib/server.js", octets), file(f"{prefix}lib/empty.js", b"")]


@pytest.mark.parametrize("prefix", ["", "./", "/"])
def test_files_that_an_sbom_names_are_locked_and_listed_if_it_is_signed(
    bench: Bench, server: Path, prefix: str
) -> None:
    bare = seal(bench, server, make_sbom(both(prefix)))
    assert {entry.origin for entry in entries_of(bare.manifest).values()} == {Origin.LOCKED}
    assert bare.reference.unbound == ()
    signed = make_attestation("https://cyclonedx.org/bom", make_bom(both(prefix)), [{"digest": sha256_of(b"x")}])
    assert seal(bench, server, signed).reference.assurance.least == Origin.LISTED


def test_a_path_from_the_top_of_the_machine_fits_too(bench: Bench, server: Path) -> None:
    assert seal(bench, server, make_sbom(both(f"{server}/"))).reference.assurance.least == Origin.LOCKED


def test_the_digest_alone_makes_no_file_known(bench: Bench, server: Path) -> None:
    (server / "lib/other.js").write_bytes(b"")
    with pytest.raises(RefusedError, match="other") as refused:
        seal(bench, server, make_sbom(both("")))
    assert "server.js" not in refused.value.found
    with pytest.raises(RefusedError, match="explained"):
        seal(bench, server, make_sbom(both("elsewhere/")))


def test_a_file_that_provenance_names_by_path_is_built(bench: Bench, server: Path) -> None:
    subjects = [
        {"name": path, "digest": sha256_of((server / path).read_bytes())} for path in ("lib/server.js", "lib/empty.js")
    ]
    assert seal(bench, server, make_provenance(subjects)).reference.assurance.least == Origin.BUILT


def test_a_file_that_differs_from_what_an_sbom_names_is_refused_also_if_approved(bench: Bench, server: Path) -> None:
    (server / "lib/server.js").write_bytes(TROJAN)
    with pytest.raises(RefusedError, match="evidence names") as refused:
        seal(bench, server, make_sbom(both("")), allow_site=("*",))
    assert refused.value.where == "tree/lib/server.js"


def test_files_of_an_sbom_that_are_not_here_are_unbound(bench: Bench, server: Path) -> None:
    sealed = seal(bench, server, make_sbom([*both(""), file("lib/gone.js", b"")]))
    assert sealed.reference.unbound == ("component lib/gone.js@unknown",)


def test_an_sbom_that_names_a_trojans_hash_raises_nothing(bench: Bench, server: Path) -> None:
    (server / "lib/server.js").write_bytes(TROJAN)
    provenance = make_provenance([{"name": "server.js", "digest": sha256_of(GOOD)}])
    sbom = make_sbom(both("", TROJAN))
    assert seal(bench, server, sbom).reference.assurance.least == Origin.LOCKED
    with pytest.raises(RefusedError, match="another content") as refused:
        seal(bench, server, provenance, sbom, allow_site=("*",))
    assert refused.value.check == "build-link.contradiction"


@pytest.mark.parametrize("built_in", ["", "dist/"])
def test_an_exchanged_archive_is_refused_whatever_an_sbom_says(bench: Bench, built_in: str) -> None:
    good = subject_of(bench.wheel)
    good["name"] = f"{built_in}{bench.wheel.name}"
    good["digest"] = sha256_of(b"the wheel that was built")
    provenance = write(bench, "p.json", make_provenance([good]))
    sbom = write(bench, "s.json", make_sbom([make_component("tiny-server", "1.0", bench.wheel.read_bytes())]))
    assert bench.seal(evidence=(sbom,)).reference.assurance.least == Origin.LOCKED
    with pytest.raises(RefusedError) as refused:
        bench.seal(evidence=(provenance, sbom))
    assert refused.value.check == "build-link.contradiction"


def test_byte_code_is_never_known_by_an_sbom(bench: Bench) -> None:
    path = "tiny_server/__pycache__/gone.cpython-311.pyc"
    (bench.tree / path).parent.mkdir()
    (bench.tree / path).write_bytes(b"evil")
    sbom = write(bench, "s.json", make_sbom([file(path, b"evil")]))
    with pytest.raises(RefusedError, match="gone"):
        bench.seal(evidence=(bench.provenance, sbom))


def test_what_an_installer_made_is_derived_also_where_an_sbom_lists_it(bench: Bench) -> None:
    path = "tiny_server-1.0.dist-info/INSTALLER"
    sbom = write(bench, "s.json", make_sbom([file(path, b"pip\n")]))
    sealed = bench.seal(evidence=(bench.provenance, sbom))
    assert entries_of(sealed.manifest)[path].origin is Origin.DERIVED
    assert sealed.reference.unbound == ()


def test_a_lock_file_makes_locked_and_one_that_provenance_names_listed(bench: Bench) -> None:
    digest = sha256_of(bench.wheel.read_bytes())["sha256"]
    lock = f"tiny-server==1.0 --hash=sha256:{digest}\n".encode()
    path = write(bench, "requirements.txt", lock)
    assert bench.seal(evidence=(path,)).reference.assurance.least == Origin.LOCKED
    other = {"name": "x", "digest": sha256_of(b"x")}
    dependency = {"uri": "file:requirements.txt", "digest": sha256_of(lock)}
    provenance = write(bench, "p.json", make_provenance([other], dependencies=[dependency]))
    sealed = bench.seal(evidence=(path, provenance)).reference
    assert sealed.assurance.least == Origin.LISTED
    assert sealed.artifacts[0].origin == Origin.LISTED
    assert sealed.unbound == ()


def test_sha512_alone_identifies_an_archive(bench: Bench) -> None:
    import hashlib

    content = hashlib.sha512(bench.wheel.read_bytes()).hexdigest()
    part = {"type": "library", "name": "tiny-server", "hashes": [{"alg": "SHA-512", "content": content}]}
    sbom = write(bench, "s.json", json.dumps(make_bom([part])).encode())
    assert bench.seal(evidence=(sbom,)).reference.assurance.least == Origin.LOCKED


def test_components_of_another_wheel_stay_unbound(bench: Bench) -> None:
    other = make_wheel(bench.folder, name="other", files={"other.py": b""})
    sbom = write(bench, "s.json", make_sbom([make_component("other", "1.0", other.read_bytes())]))
    assert bench.seal(evidence=(bench.provenance, sbom)).reference.unbound == ("component pkg:pypi/other@1.0",)
