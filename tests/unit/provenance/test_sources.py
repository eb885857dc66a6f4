"""The contract that every format of build evidence keeps."""

import json
import re
from pathlib import Path

import pytest

from attest.codec import canonical, strict
from attest.errors import AttestError, MalformedError
from attest.provenance.model import Expectations, sealed
from attest.provenance.read import read_evidence
from attest.provenance.sources import SOURCES
from attest.statement.predicates.runtime_reference import BuildEvidence
from tests import inventories
from tests.layouts import DOCUMENT
from tests.world import (
    TRUST_WITH_VERIFIER,
    make_attestation,
    make_component,
    make_provenance,
    make_result,
    make_sbom,
    make_signed_sbom,
    make_summary,
    sha256_of,
)

SUBJECTS = [{"name": "x.whl", "digest": sha256_of(b"wheel")}]
GOOD = {
    "slsa-dsse": make_provenance(SUBJECTS),
    "cyclonedx-dsse": make_signed_sbom([make_component("dep", "1", b"dep")], SUBJECTS),
    "cyclonedx-file": make_sbom([make_component("dep", "1", b"dep")]),
    "spdx-dsse": inventories.SIGNED_SPDX,
    "spdx-file": inventories.SPDX,
    "npm-lock": inventories.NPM_LOCK,
    "pnpm-lock": inventories.PNPM_LOCK,
    "pip-requirements": inventories.REQUIREMENTS,
    "uv-lock": inventories.UV_LOCK,
    "pylock": inventories.PYLOCK,
    "pypi-publish": make_attestation("https://docs.pypi.org/attestations/publish/v1", None, SUBJECTS),
    "slsa-summary": make_summary(SUBJECTS),
    "in-toto-result": make_result(SUBJECTS),
    "in-toto-layout": DOCUMENT,
}
OF_THE_REGISTRY = {"npm-publish"}
"""Signed with the key of a Sigstore instance and by nobody else; `test_corpus` reads real ones."""
NOTHING_EXPECTED = Expectations()


def test_every_row_has_a_good_example():
    assert set(GOOD) | OF_THE_REGISTRY == set(SOURCES)


@pytest.fixture(params=GOOD)
def row(request):
    return SOURCES[request.param]


def test_a_row_stands_under_its_name(row):
    assert SOURCES[row.name] is row


def test_a_row_recognises_its_own_and_nothing_else(row):
    assert [name for name, octets in GOOD.items() if row.recognises(octets)] == [row.name]


def test_recognising_never_raises(row):
    for octets in (
        b"",
        b"\xff",
        b"[" * 100_000,
        b"7",
        b"[]",
        b'{"payload":1}',
        b'{"payloadType":"\xff"}',
        b"\xef\xbb\xbf{}",
    ):
        assert not row.recognises(octets)


def test_the_evidence_is_named_by_its_exact_bytes_and_its_row(row):
    octets = GOOD[row.name]
    for variant in (octets, octets + b"\n"):
        evidence = read_evidence(variant, trust=TRUST_WITH_VERIFIER, expectations=NOTHING_EXPECTED, where="e")
        assert evidence.format == row.name
        assert evidence.digest == sha256_of(variant)["sha256"]


def test_what_goes_into_a_reference_survives_the_strict_codec(row):
    record = sealed(read_evidence(GOOD[row.name], trust=TRUST_WITH_VERIFIER, expectations=NOTHING_EXPECTED, where="e"))
    assert strict.read(canonical.encode(record), BuildEvidence, where="e") == record


def test_any_cut_is_refused(row):
    octets = GOOD[row.name]
    if not octets.startswith(b"{"):
        pytest.skip("a document of lines has no end of its own")
    for length in range(0, len(octets), 41):
        with pytest.raises(AttestError):
            read_evidence(octets[:length], trust=TRUST_WITH_VERIFIER, expectations=NOTHING_EXPECTED, where="e")


def test_a_field_given_twice_is_refused(row):
    if not GOOD[row.name].startswith(b"{"):
        pytest.skip("not JSON")
    document = json.loads(GOOD[row.name])
    name = next(iter(document))
    octets = b"{" + json.dumps({name: document[name]}).encode()[1:-1] + b"," + json.dumps(document).encode()[1:]
    with pytest.raises(MalformedError, match="twice"):
        read_evidence(octets, trust=TRUST_WITH_VERIFIER, expectations=NOTHING_EXPECTED, where="e")


def test_the_documentation_lists_every_format():
    text = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
    section = text[text.index("## Build evidence") : text.index("## Trust file")]
    assert re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE) == ["format", *SOURCES]
