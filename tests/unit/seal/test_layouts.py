"""Sealing from an in-toto layout and its links, given as the files that their signers made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from in_toto.models.layout import Inspection

from attest.errors import RefusedError, UntrustedError
from attest.seal.folder import sort_folder
from attest.seal.layouts import join_layouts
from attest.seal.request import Tree
from attest.seal.sealed import Sealed
from attest.statement.attachments import read_attachments
from attest.statement.levels import Origin
from tests.installed import Bench, make_bench
from tests.layouts import (
    BOB,
    MALLORY,
    OWNER,
    SOURCE_TAR,
    build_link,
    make_layout,
    make_step,
    sign,
    source_link,
    source_step,
)
from tests.world import BUILDER_ID, NOW, make_trust_file, sha256_of, trust_of

TRUST = trust_of(make_trust_file(sources=()))
YEAR = 365 * 86_400_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def write(bench: Bench, files: dict[str, bytes], folder: str = "evidence") -> tuple[Path, ...]:
    (bench.folder / folder).mkdir(exist_ok=True)
    paths = tuple(bench.folder / folder / name for name in files)
    for path, octets in zip(paths, files.values(), strict=True):
        path.write_bytes(octets)
    return paths


def chain(bench: Bench, **changes: Any) -> dict[str, bytes]:
    """The files of a layout whose last step made the wheel that is installed."""
    wheel = {f"dist/{bench.wheel.name}": sha256_of(bench.wheel.read_bytes())}
    return {
        "root.layout": sign(make_layout(), OWNER),
        "source.656a6c94.link": source_link(),
        "build.c41e6b72.link": build_link(products=wheel, **changes),
    }


def seal(bench: Bench, paths: tuple[Path, ...], **changes: Any) -> Sealed:
    return bench.seal(trust=TRUST, evidence=paths, **changes)


def test_what_the_last_step_made_is_built_and_the_layout_stands_in_the_reference(bench: Bench) -> None:
    sealed = seal(bench, write(bench, chain(bench)))
    [artifact], [piece] = sealed.reference.artifacts, sealed.reference.evidence
    assert sealed.reference.assurance.least == Origin.BUILT
    assert (artifact.origin, artifact.evidence) == ("built", (piece.digest,))
    assert (piece.format, piece.builder, piece.slsa_level) == ("in-toto-layout", BUILDER_ID, None)
    attached = read_attachments(sealed.attachments, where="attachments")
    assert set(attached) == {piece.digest}


def test_the_order_of_the_files_and_their_folder_make_no_difference(bench: Bench) -> None:
    files = chain(bench)
    one = seal(bench, write(bench, files))
    other = seal(bench, write(bench, dict(reversed(files.items())), "elsewhere"))
    assert one.attachments == other.attachments
    _, found = sort_folder(bench.folder / "evidence")
    assert seal(bench, found).attachments == one.attachments


def test_files_that_the_last_step_made_are_built_where_they_lie(bench: Bench) -> None:
    script = bench.folder / "plain" / "run.sh"
    script.parent.mkdir()
    script.write_bytes(b"#!/bin/sh\n")
    products = {"run.sh": sha256_of(script.read_bytes())}
    step = make_step("build", (BOB,), products=[["CREATE", "run.sh"], ["DISALLOW", "*"]])
    files = {
        "root.layout": sign(make_layout([step]), OWNER),
        "build.link": build_link(materials={}, products=products),
    }
    sealed = seal(bench, write(bench, files), trees=(Tree(name="tree", path=script.parent),), artifacts=())
    assert sealed.reference.assurance.least == Origin.BUILT


@pytest.mark.parametrize("missing", ["source.656a6c94.link", "build.c41e6b72.link"])
def test_a_missing_link_is_refused(bench: Bench, missing: str) -> None:
    files = {name: octets for name, octets in chain(bench).items() if name != missing}
    with pytest.raises(UntrustedError, match="of its functionaries"):
        seal(bench, write(bench, files))


def test_a_layout_without_links_and_links_without_a_layout_say_what_to_give(bench: Bench) -> None:
    files = chain(bench)
    paths = write(bench, files)
    with pytest.raises(RefusedError, match="its links, of the same folder") as caught:
        seal(bench, paths[:1])
    assert caught.value.hint == "give its links too: --provenance NAME.link"
    with pytest.raises(RefusedError, match="a layout of the same folder, found a link alone"):
        seal(bench, paths[1:])


def test_two_layouts_of_one_folder_are_refused_and_of_two_are_not(bench: Bench) -> None:
    files = chain(bench)
    paths = write(bench, files)
    with pytest.raises(RefusedError, match="one layout in a folder"):
        seal(bench, (*paths, *write(bench, {"other.layout": sign(make_layout([source_step()]), OWNER)})))
    more = {"other.layout": sign(make_layout([source_step()]), OWNER), "source.link": source_link()}
    elsewhere = write(bench, more, "elsewhere")
    assert len(seal(bench, (*paths, *elsewhere)).reference.evidence) == 2


def test_a_file_given_twice_is_one(bench: Bench) -> None:
    paths = write(bench, chain(bench))
    assert seal(bench, (*paths, *paths)).attachments == seal(bench, paths).attachments


def test_other_evidence_stays_what_it_is() -> None:
    files = [
        (Path("a/x.json"), b"{}"),
        (Path("b/root.layout"), sign(make_layout(), OWNER)),
        (Path("b/l"), source_link()),
    ]
    joined = join_layouts(files)
    assert [path for path, _ in joined] == [Path("a/x.json"), Path("b/root.layout")]
    assert joined[0] == files[0]


def test_a_layout_of_a_stranger_is_refused_with_what_to_do(bench: Bench) -> None:
    files = {**chain(bench), "root.layout": sign(make_layout(), MALLORY)}
    with pytest.raises(UntrustedError, match="a signature by a trusted builder") as caught:
        seal(bench, write(bench, files))
    assert "attest trust new --builder ID=PUB" in str(caught.value.hint)


def test_an_expired_layout_seals_nothing(bench: Bench) -> None:
    paths = write(bench, chain(bench))
    with pytest.raises(UntrustedError, match="one that expired"):
        seal(bench, paths, at=NOW + YEAR)


def test_a_changed_source_seals_nothing(bench: Bench) -> None:
    files = chain(bench, materials={"src.tar": SOURCE_TAR, "evil.py": sha256_of(b"evil")})
    with pytest.raises(UntrustedError, match="evil") as caught:
        seal(bench, write(bench, files))
    assert caught.value.check == "build-link.rules"


def test_an_inspection_runs_nothing_while_sealing(bench: Bench) -> None:
    ran = bench.folder / "ran"
    inspection = Inspection(name="x", run=["touch", str(ran)], expected_materials=[], expected_products=[])
    files = {**chain(bench), "root.layout": sign(make_layout(inspect=[inspection]), OWNER)}
    with pytest.raises(UntrustedError, match="a layout without inspections"):
        seal(bench, write(bench, files))
    assert not ran.exists()


def test_a_source_that_the_trust_file_demands_is_not_in_a_layout(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="a layout names no source"):
        bench.seal(evidence=write(bench, chain(bench)))


def test_a_wheel_that_the_last_step_did_not_make_is_a_contradiction(bench: Bench) -> None:
    other = {bench.wheel.name: sha256_of(b"another wheel")}
    step = make_step("build", (BOB,), products=[["CREATE", "*"]])
    files = {"root.layout": sign(make_layout([step]), OWNER), "b.link": build_link(materials={}, products=other)}
    with pytest.raises(RefusedError, match="the content that provenance says was built"):
        seal(bench, write(bench, files), allow_site=("*",))
