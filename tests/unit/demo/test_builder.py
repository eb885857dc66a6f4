"""What the demo's builder signs about a wheel or a tarball names its package and digests, as a reader takes it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from attest.demo import builder
from attest.provenance.model import Component, Expectations, VerifiedEvidence
from attest.provenance.read import read_evidence
from attest.statement.digests import DigestSet
from attest.trust.making import BuilderKey, make_trust
from tests.npm_packages import LEAF, SMALL, make_tarball
from tests.wheels import make_wheel
from tests.world import BUILDER, trust_of, write_key_pair

TRUST = trust_of(make_trust(builders=[BuilderKey(id=builder.BUILDER_ID, key=BUILDER.public)], sources=[builder.SOURCE]))


def read(octets: bytes) -> VerifiedEvidence:
    return read_evidence(octets, trust=TRUST, expectations=Expectations(), where="evidence")


def digests(path: Path) -> DigestSet:
    octets = path.read_bytes()
    return DigestSet(sha256=hashlib.sha256(octets).hexdigest(), sha512=hashlib.sha512(octets).hexdigest())


@pytest.fixture
def archives(tmp_path: Path) -> list[Path]:
    return [make_tarball(tmp_path, SMALL), make_tarball(tmp_path, LEAF), make_wheel(tmp_path)]


def test_provenance_is_about_the_archive_by_either_digest(archives: list[Path], tmp_path: Path) -> None:
    key = write_key_pair(tmp_path, "builder", BUILDER)
    for archive in archives:
        told = read(builder.sign_provenance(key, archive))
        assert (told.builder, told.source) == (builder.BUILDER_ID, builder.SOURCE)
        assert [subject.digest for subject in told.subjects] == [digests(archive)]


def test_the_sbom_names_every_archive_by_package_and_digests(archives: list[Path], tmp_path: Path) -> None:
    told = read(builder.sign_sbom(write_key_pair(tmp_path, "builder", BUILDER), archives))
    named = (
        ("@small/server", "1.0.0", "pkg:npm/%40small/server@1.0.0"),
        ("leaf", "1.0.0", "pkg:npm/leaf@1.0.0"),
        ("small_tool", "1.0", "pkg:pypi/small-tool@1.0"),
    )
    wanted = [
        Component(name=name, version=version, purl=purl, archives=(digests(archive),))
        for (name, version, purl), archive in zip(named, archives, strict=True)
    ]
    assert list(told.components) == wanted
    assert [subject.digest for subject in told.subjects] == [digests(archives[0])]
