"""A newer version with less evidence needs an explicit decision, which the reference records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from attest.errors import RefusedError
from attest.seal.downgrades import find_less, judge_downgrade
from attest.statement.predicates.runtime_reference import Artifact, RuntimeReference
from tests.documents import REFERENCE
from tests.installed import Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def changed(*, artifact: dict[str, Any] | None = None, evidence: dict[str, Any] | None = None) -> RuntimeReference:
    """The example reference with another word about its one archive."""
    [known] = REFERENCE.artifacts
    pieces = [
        msgspec.structs.replace(piece, **(evidence or {})) if piece.slsa_level is not None else piece
        for piece in REFERENCE.evidence
    ]
    return msgspec.structs.replace(
        REFERENCE, artifacts=(msgspec.structs.replace(known, **(artifact or {})),), evidence=tuple(pieces)
    )


def test_the_same_evidence_is_not_less() -> None:
    assert list(find_less(REFERENCE, REFERENCE)) == []
    assert judge_downgrade([REFERENCE], REFERENCE, None) == REFERENCE


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (changed(artifact={"origin": "locked", "evidence": ()}), "was built and is locked"),
        (changed(evidence={"slsa_level": 1}), "had SLSA Build level 2 and has 1"),
        (
            changed(evidence={"source": "https://code.example/somebody/fork"}),
            "comes from https://code.example/somebody",
        ),
    ],
    ids=["origin", "level", "source"],
)
def test_less_is_named_refused_and_recorded_when_accepted(new: RuntimeReference, told: str) -> None:
    less = list(find_less(REFERENCE, new))
    assert any(told in each for each in less)
    with pytest.raises(RefusedError, match=told):
        judge_downgrade([REFERENCE], new, None)
    accepted = judge_downgrade([REFERENCE], new, "the build moved").downgrade
    assert accepted is not None
    assert (accepted.reason, list(accepted.less)) == ("the build moved", less)


def test_more_than_before_is_not_less() -> None:
    worse = changed(artifact={"origin": "locked", "evidence": ()})
    assert list(find_less(worse, REFERENCE)) == []


def test_the_worst_of_several_archives_of_a_package_counts() -> None:
    [known] = REFERENCE.artifacts
    second = Artifact(name="second.whl", purl=known.purl, digest=known.digest, origin="site", evidence=())
    new = msgspec.structs.replace(REFERENCE, artifacts=(known, second))
    assert any("is site" in each for each in find_less(REFERENCE, new))


def test_nothing_can_be_accepted_where_nothing_is_less() -> None:
    with pytest.raises(RefusedError, match="no less"):
        judge_downgrade([REFERENCE], REFERENCE, "just in case")


def test_sealing_anew_without_provenance_is_refused_until_somebody_says_why(bench: Bench) -> None:
    old = bench.write(bench.seal())
    less: dict[str, Any] = {"evidence": (), "supersedes": (old,), "allow_site": ("*",)}
    with pytest.raises(RefusedError, match="was built and is site"):
        bench.seal(**less)
    sealed = bench.seal(**less, accept_downgrade="the builder is gone")
    assert sealed.reference.downgrade is not None
    assert sealed.reference.validity.sequence == 2
