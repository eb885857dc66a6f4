"""The verdict over an in-toto layout with its links: each fault fails the check that is about it, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from in_toto.models.layout import Inspection

from attest.cli.input import lines_of_argument
from attest.evidence.layout_folder import read_layout_folder
from attest.evidence.verdict import Verdict
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.question import Question
from attest.provenance.model import Expectations
from attest.statement.digests import DigestSet
from tests.layouts import (
    BOB,
    CAROL,
    MALLORY,
    OWNER,
    SOURCE_TAR,
    WHEEL,
    build_link,
    make_document,
    make_layout,
    sign,
    source_link,
)
from tests.world import BUILDER_ID, NOW, make_trust_file, sha256_of, trust_of

TRUST = trust_of(make_trust_file(sources=()))
ABOUT = (DigestSet(**sha256_of(WHEEL)),)
OTHER = sha256_of(b"trojan")
INSPECTION = Inspection(name="untar", run=["false"], expected_materials=[], expected_products=[])


def judge(octets: bytes, **question: Any) -> Verdict:
    asked = Question(**{"trust": TRUST, "at": NOW, "artifacts": ABOUT, **question})
    return verify_file(iter([octets]), asked, file="root.layout")


def failing(verdict: Verdict) -> set[str]:
    return {
        check.id
        for check in verdict.checks
        if check.status in {"fail", "unproven"} and not check.detail.startswith("not reached")
    }


@pytest.mark.parametrize("enveloped", [False, True])
def test_a_layout_about_the_artifact_passes(enveloped):
    verdict = judge(make_document(enveloped=enveloped), kind="in-toto-layout")
    assert failing(verdict) == set()
    assert verdict.passed
    assert verdict.axes.freshness == verdict.axes.completeness == "not-applicable"
    assert {"integrity.layout", "authenticity.functionaries", "build-link.rules"} < {c.id for c in verdict.checks}
    assert "integrity.statement" not in {check.id for check in verdict.checks}
    assert verdict.attestations is not None
    assert [each.builder for each in verdict.attestations] == [BUILDER_ID]


@pytest.mark.parametrize(
    ("check", "octets"),
    [
        ("authenticity.signature", make_document(owners=(MALLORY,))),
        ("authenticity.expiry", make_document(make_layout(expires="2020-01-01T00:00:00Z"))),
        ("authenticity.functionaries", make_document(links=[source_link(CAROL), build_link()])),
        ("authenticity.functionaries", make_document(links=[source_link()])),
        ("build-link.rules", make_document(links=[source_link(), build_link(materials={"src.tar": OTHER})])),
        (
            "build-link.rules",
            make_document(links=[source_link(), build_link(materials={"src.tar": SOURCE_TAR, "x": OTHER})]),
        ),
        ("integrity.layout", make_document(make_layout(inspect=[INSPECTION]))),
        ("integrity.layout", make_document(links=[source_link(), sign(make_layout(), BOB)])),
        ("build-link.digest", make_document(links=[source_link(), build_link(products={"dist/x": {"md5": "ab"}})])),
        ("build-link.subject", make_document(links=[source_link(), build_link(products={})])),
        ("build-link.artifact", make_document(links=[source_link(), build_link(products={"dist/x.whl": OTHER})])),
        ("integrity.grammar", make_document()[:-1] + b',"x":1}'),
    ],
)
def test_each_fault_fails_its_own_check(check: str, octets: bytes):
    verdict = judge(octets)
    assert not verdict.passed
    assert check in failing(verdict)
    assert {name.partition(".")[0] for name in failing(verdict)} == {check.partition(".")[0]}


@pytest.mark.parametrize(
    ("check", "question"),
    [
        ("build-link.artifact", {"artifacts": ()}),
        ("build-link.artifact", {"artifacts": (DigestSet(**OTHER),)}),
        ("build-link.source", {"trust": trust_of(make_trust_file())}),
        ("build-link.level", {"expectations": Expectations(min_level=1)}),
        ("build-link.builder", {"expectations": Expectations(builder_id="https://other.example")}),
        ("conformance.kind", {"kind": "dsse"}),
    ],
)
def test_each_demand_of_the_caller_can_fail(check: str, question: dict[str, Any]):
    verdict = judge(make_document(), **question)
    assert not verdict.passed
    assert check in failing(verdict)


def test_a_link_alone_is_no_evidence():
    assert not judge(source_link()).passed
    assert not judge(source_link(enveloped=True)).passed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "root.layout").write_bytes(sign(make_layout(), OWNER))
    (tmp_path / "source.656a6c94.link").write_bytes(source_link())
    (tmp_path / "build.c41e6b72.link").write_bytes(build_link())
    return tmp_path


def test_a_layout_on_disk_is_judged_with_the_links_beside_it(folder: Path):
    question = Question(trust=TRUST, at=NOW, artifacts=ABOUT)
    assert verify_file(lines_of_argument(folder / "root.layout"), question, file="root.layout").passed
    (folder / "build.c41e6b72.link").unlink()
    verdict = verify_file(lines_of_argument(folder / "root.layout"), question, file="root.layout")
    assert failing(verdict) == {"authenticity.functionaries"}


def test_a_layout_without_any_link_beside_it_is_a_verdict_that_says_so(folder: Path):
    for link in folder.glob("*.link"):
        link.unlink()
    verdict = verify_file(read_layout_folder(folder / "root.layout"), Question(trust=TRUST, at=NOW), file="x")
    assert failing(verdict) >= {"integrity.grammar"}
    assert any("links beside it" in (check.expected or "") for check in verdict.checks)


def test_what_is_only_named_like_a_layout_is_read_as_what_it_is(tmp_path: Path):
    octets = make_document()
    (tmp_path / "x.layout").write_bytes(octets)
    assert list(read_layout_folder(tmp_path / "x.layout")) == [octets]
