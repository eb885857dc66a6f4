"""Sealing what is no wheel: whose files they are, what the server is called, what will be started."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.seal.request import SealRequest, Tree
from attest.seal.seal import seal
from attest.seal.sealed import Sealed
from attest.statement.levels import Origin
from attest.statement.predicates.runtime_reference import Server
from tests.archives import SAMPLES, make_mcpb, mcpb_files, signed_mcpb
from tests.npm_packages import LEAF, SMALL, install, make_tarball
from tests.wheels import PROGRAM, put, zipped
from tests.world import NOW, SEALER, TRUST, make_provenance, subject_of


def seal_tree(
    folder: Path, artifacts: tuple[Path, ...], *, subjects: tuple[Path, ...] = (), command: tuple[str, ...] = ()
) -> Sealed:
    provenance = folder / "provenance.json"
    provenance.write_bytes(make_provenance([subject_of(path) for path in subjects or artifacts]))
    request = SealRequest(
        trees=(Tree(name="tree", path=folder / "tree"),), artifacts=artifacts, evidence=(provenance,), command=command
    )
    return seal(request, TRUST, lambda: SEALER, at=NOW)


@pytest.mark.parametrize("kind", ["binary", "zipapp", "mcpb"])
def test_every_file_of_a_built_artifact_is_built(kind: str, tmp_path: Path) -> None:
    path = SAMPLES[kind].make(tmp_path)
    SAMPLES[kind].install(path, tmp_path / "tree")
    reference = seal_tree(tmp_path, (path,)).reference
    assert reference.assurance.least == Origin.BUILT
    assert reference.artifacts[0].digest.sha256 == subject_of(path)["digest"]["sha256"]


def test_the_server_is_named_after_the_program_that_is_started(tmp_path: Path) -> None:
    program, bundle = SAMPLES["binary"].make(tmp_path), make_mcpb(tmp_path)
    installed = SAMPLES["binary"].install(program, tmp_path / "tree")
    script = SAMPLES["mcpb"].install(bundle, tmp_path / "tree")
    alone = seal_tree(tmp_path, (bundle, program), command=(str(installed),))
    assert alone.reference.server == Server(name="small-tool-linux-amd64")
    script.chmod(0o644)
    with_script = seal_tree(tmp_path, (program, bundle), command=(str(installed), str(script)))
    assert with_script.reference.server == Server(
        name="small-tool", version="1.0.0", purl="pkg:generic/small-tool@1.0.0"
    )


def test_a_server_under_npx_is_named_after_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, leaf = make_tarball(tmp_path, SMALL, {"dist/index.js": PROGRAM}), make_tarball(tmp_path, LEAF)
    project = install(tmp_path / "tree", small, leaf)
    for program in ("node", "npx"):
        put(tmp_path / "programs" / program, b"\x7fELF", PROGRAM)
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.chdir(project)
    for command in (("npx", "-y", "@small/server"), ("node", "node_modules/@small/server/dist/index.js")):
        server = seal_tree(tmp_path, (leaf, small), command=command).reference.server
        assert server == Server(name="@small/server", version="1.0.0", purl="pkg:npm/%40small/server@1.0.0")


def test_a_server_of_its_own_is_not_named_after_what_it_needs(tmp_path: Path) -> None:
    program, bundle = SAMPLES["binary"].make(tmp_path), make_mcpb(tmp_path)
    SAMPLES["binary"].install(program, tmp_path / "tree")
    SAMPLES["mcpb"].install(bundle, tmp_path / "tree")
    assert seal_tree(tmp_path, (bundle, program), command=("/bin/sh",)).reference.server == Server(name="tree")


def test_provenance_of_a_bundle_before_it_was_signed_speaks_for_the_signed_one(tmp_path: Path) -> None:
    unsigned = make_mcpb(tmp_path, zipped(mcpb_files(), {"server/run": PROGRAM}), name="unsigned.mcpb")
    signed = make_mcpb(tmp_path, signed_mcpb(unsigned.read_bytes()))
    SAMPLES["mcpb"].install(unsigned, tmp_path / "tree")
    reference = seal_tree(tmp_path, (signed,), subjects=(unsigned,)).reference
    assert reference.assurance.least == Origin.BUILT
    assert reference.artifacts[0].digest.sha256 == subject_of(unsigned)["digest"]["sha256"]


def test_without_a_command_the_bundles_own_is_sealed_where_it_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = make_mcpb(tmp_path)
    SAMPLES["mcpb"].install(bundle, tmp_path / "tree")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    assert seal_tree(tmp_path, (bundle,)).reference.process is None
    put(tmp_path / "programs/node", b"\x7fELF", PROGRAM)
    process = seal_tree(tmp_path, (bundle,)).reference.process
    assert process is not None
    assert process.argv == (str(tmp_path / "programs/node"), "{tree}/extension/server/index.js")


def test_a_program_of_another_version_is_named_with_both_digests(tmp_path: Path) -> None:
    program = SAMPLES["binary"].make(tmp_path)
    put(tmp_path / "tree/small-tool", b"\x7fELF another", PROGRAM)
    with pytest.raises(RefusedError, match="tree/small-tool"):
        seal_tree(tmp_path, (program,))


def test_an_artifact_that_is_not_there_or_of_no_kind_is_told_apart(tmp_path: Path) -> None:
    put(tmp_path / "tree/x", b"x")
    good = SAMPLES["binary"].make(tmp_path)
    with pytest.raises(UnavailableError, match=r"absent\.whl"):
        seal_tree(tmp_path, (tmp_path / "absent.whl",), subjects=(good,))
    shutil.copy(tmp_path / "tree/x", tmp_path / "notes.txt")
    with pytest.raises(MalformedError, match="known kind"):
        seal_tree(tmp_path, (tmp_path / "notes.txt",), subjects=(good,))
