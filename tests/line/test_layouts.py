"""A server sealed from an in-toto layout, through the command line: from the owner's key to the origin of its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.statement.attachments import read_attachments
from tests.commands import attest, failed, passed
from tests.installed import make_bench
from tests.layouts import ALICE, OWNER, build_link, make_layout, sign, source_link
from tests.world import BUILDER, SEALER, WRITER, sha256_of, write_key_pair

OWNER_ID = "https://team.example/release"
NEVER = "2999-01-01T00:00:00Z"
TRUST = ["--trust", "trust.json"]
PIECES = ["--provenance", "root.layout", "--provenance", "source.link", "--provenance", "build.link"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installed wheel, a trust file, and what the steps of its making left behind."""
    place = tmp_path_factory.mktemp("layouts")
    bench = make_bench(place)
    for name, key in (("sealer", SEALER), ("writer", WRITER), ("owner", BUILDER)):
        write_key_pair(place, name, key)
    trust = ["trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"]
    passed(attest(place, *trust, "--builder", f"{OWNER_ID}=owner.key.pub"))
    (place / "root.layout").write_bytes(sign(make_layout(expires=NEVER), OWNER))
    (place / "source.link").write_bytes(source_link())
    made = {f"dist/{bench.wheel.name}": sha256_of(bench.wheel.read_bytes())}
    (place / "build.link").write_bytes(build_link(products=made))
    return place


def wheel_of(folder: Path) -> str:
    [wheel] = folder.glob("*.whl")
    return wheel.name


def seal(folder: Path, reference: str, *evidence: str) -> bytes:
    words = ["seal", "site", *TRUST, "--key", "sealer.key", "-o", reference, "--artifact", wheel_of(folder)]
    return passed(attest(folder, *words, *evidence))


def test_a_reference_sealed_from_a_layout_shows_who_answers_for_its_files(folder: Path) -> None:
    seal(
        folder, "server.ref", "--provenance", "root.layout", "--provenance", "source.link", "--provenance", "build.link"
    )
    verdict = json.loads(
        passed(attest(folder, "verify", "server.ref", *TRUST, "--artifact", wheel_of(folder), "--format", "json"))
    )
    assert verdict["assurance"]["built"] > 0
    assert verdict["assurance"]["site"] == verdict["assurance"]["listed"] == 0
    shown = passed(attest(folder, "show", "server.ref")).decode()
    assert "in-toto-layout" in shown
    assert OWNER_ID in shown


def test_an_evidence_bundle_judges_the_layout_and_its_links_again(folder: Path) -> None:
    seal(folder, "again.ref", *PIECES)
    agent = ["agent", "again.ref", *TRUST, "--key", "writer.key", "--log", "log", "--once"]
    passed(attest(folder, *agent))
    passed(attest(folder, "bundle", "log", "-o", "evidence.jsonl"))
    words = ["verify", "evidence.jsonl", *TRUST, "--reference", "again.ref", "--format", "json"]
    assert json.loads(passed(attest(folder, *words)))["axes"]["build-link"] in {"pass", "asserted"}
    late = failed(attest(folder, *words, "--at", NEVER))
    assert "build-link.evidence" in late


def test_evidence_of_a_folder_gives_the_same_piece(folder: Path) -> None:
    seal(folder, "one.ref", "--provenance", "build.link", "--provenance", "root.layout", "--provenance", "source.link")
    evidence = folder / "evidence"
    evidence.mkdir()
    for name in ("root.layout", "source.link", "build.link"):
        (evidence / name).write_bytes((folder / name).read_bytes())
    seal(folder, "other.ref", "--evidence", "evidence")
    one, other = (
        read_attachments((folder / f"{name}.ref.evidence.jsonl").read_bytes().splitlines(keepends=True), where="e")
        for name in ("one", "other")
    )
    assert one == other
    [(digest, octets)] = one.items()
    (folder / "document.json").write_bytes(octets)
    words = ["verify", "document.json", *TRUST, "--artifact", wheel_of(folder), "--kind", "in-toto-layout"]
    assert digest
    passed(attest(folder, *words))


def test_a_layout_is_verified_with_the_links_beside_it(folder: Path) -> None:
    words = ["verify", "root.layout", *TRUST, "--format", "json"]
    verdict = json.loads(passed(attest(folder, *words, "--artifact", wheel_of(folder))))
    assert verdict["kind"] == "in-toto-layout"
    assert verdict["axes"]["authenticity"] == verdict["axes"]["build-link"] == "pass"
    assert failed(attest(folder, *words, "--artifact", "sha256:" + "1" * 64)) == {"build-link.artifact"}
    assert failed(attest(folder, *words)) == {"build-link.artifact"}
    late = [*words, "--artifact", wheel_of(folder), "--at", NEVER]
    assert "authenticity.expiry" in failed(attest(folder, *late))


def test_a_link_that_somebody_else_signed_fails_and_seals_nothing(folder: Path, tmp_path: Path) -> None:
    for name in ("root.layout", "source.link"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    made = {f"dist/{wheel_of(folder)}": sha256_of((folder / wheel_of(folder)).read_bytes())}
    (tmp_path / "build.link").write_bytes(build_link(ALICE, products=made))
    words = ["verify", str(tmp_path / "root.layout"), *TRUST, "--artifact", wheel_of(folder), "--format", "json"]
    assert "authenticity.functionaries" in failed(attest(folder, *words))
    sealing = ["seal", "site", *TRUST, "--key", "sealer.key", "-o", "x.ref", "--artifact", wheel_of(folder)]
    done = attest(folder, *sealing, "--evidence", str(tmp_path))
    assert done.returncode == 4
    assert b"a functionary of step build" in done.stderr
    assert not (folder / "x.ref").exists()
