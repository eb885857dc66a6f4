"""CycloneDX: bare and signed, and which digests it names."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import AttestError, MalformedError, UntrustedError
from attest.provenance.components.cyclonedx import read_cyclonedx
from attest.provenance.model import Component, Expectations, NamedFile, sealed
from attest.provenance.read import read_evidence
from attest.statement.digests import DigestSet
from tests.world import (
    BUILDER,
    STRANGER,
    TRUST,
    make_attestation,
    make_bom,
    make_component,
    make_sbom,
    make_signed_sbom,
    sha256_of,
)

A, B = "a" * 64, "b" * 64
SUBJECT = {"name": "x.whl", "digest": sha256_of(b"wheel")}


def read(octets, **expectations):
    return read_evidence(octets, trust=TRUST, expectations=Expectations(**expectations), where="b.json")


def components(*parts: Any, **more: Any) -> tuple[Component, ...]:
    return read_cyclonedx({**make_bom(parts), **more}, where="b.json")


def hashes(*pairs):
    return [{"alg": alg, "content": content} for alg, content in pairs]


def test_a_bare_file_is_read_and_proves_nothing_beyond_locked():
    evidence = read(make_sbom([make_component("dep", "2", b"dep")]))
    assert evidence.format == "cyclonedx-file"
    assert not evidence.authenticated
    assert evidence.signers == ()
    assert [check.status for check in evidence.checks] == ["unproven"]
    assert evidence.components[0].archives == (DigestSet(**sha256_of(b"dep")),)
    assert sealed(evidence).authenticated is False


@pytest.mark.parametrize("suffix", ["", "/v1.4", "/v1.6"])
def test_a_signed_one_is_a_builders_word(suffix):
    bom = make_bom([make_component("dep", "2", b"dep")])
    evidence = read(make_attestation(f"https://cyclonedx.org/bom{suffix}", bom, [SUBJECT]))
    assert evidence.format == "cyclonedx-dsse"
    assert evidence.authenticated
    assert evidence.signers == (BUILDER.keyid,)
    assert evidence.slsa_level is None
    assert {check.status for check in evidence.checks} == {"pass"}
    assert evidence.components[0].name == "dep"


def test_a_signed_one_by_a_stranger_is_untrusted():
    with pytest.raises(UntrustedError):
        read(make_signed_sbom([], [SUBJECT], key=STRANGER))


def test_a_signed_one_by_another_builder_than_expected_is_untrusted():
    with pytest.raises(UntrustedError):
        read(make_signed_sbom([], [SUBJECT]), builder_id="https://other.example")


@pytest.mark.parametrize("predicate", [json.dumps(make_bom([])), {"bomFormat": "SPDX"}, [], None])
def test_a_signed_predicate_that_is_no_bom_is_malformed(predicate):
    with pytest.raises(MalformedError):
        read(make_attestation("https://cyclonedx.org/bom", predicate, [SUBJECT]))


def test_a_predicate_type_that_only_begins_alike_is_another_one():
    with pytest.raises(MalformedError, match="bomb"):
        read(make_attestation("https://cyclonedx.org/bomb", make_bom([]), [SUBJECT]))


def test_nested_components_and_the_main_one_are_read():
    inner = {"type": "file", "name": "inner", "hashes": hashes(("SHA-256", A))}
    outer = {"type": "library", "name": "outer", "components": [inner]}
    found = components(outer, metadata={"component": {"type": "application", "name": "main"}})
    assert [part.name for part in found] == ["outer", "inner"]
    assert found[1].files == (NamedFile(path="inner", digest=DigestSet(sha256=A)),)


def test_the_main_component_is_what_it_is_about_and_counts_only_if_a_digest_identifies_it():
    part = {"type": "library", "name": "part"}
    main = {"type": "application", "name": "main", "components": [part]}
    assert [each.name for each in components(metadata={"component": main})] == ["part"]
    main["hashes"] = hashes(("SHA-256", A))
    assert [each.name for each in components(metadata={"component": main})] == ["main", "part"]


def test_what_is_excluded_is_no_part():
    assert components({"name": "x", "scope": "excluded", "hashes": hashes(("SHA-256", A))}) == ()


def test_hashes_of_a_file_an_archive_and_none_are_three_things():
    file = {"type": "file", "name": "/srv/app.js", "hashes": hashes(("SHA-1", "0" * 40), ("SHA-256", A))}
    archive = {"type": "library", "name": "dep", "hashes": hashes(("SHA-512", "c" * 128))}
    neither = {"type": "library", "name": "named", "hashes": hashes(("SHA-1", "0" * 40))}
    weak = {"type": "file", "name": "weak.js", "hashes": hashes(("SHA-1", "0" * 40))}
    found = components(file, archive, neither, weak)
    assert found[0].files == (NamedFile(path="/srv/app.js", digest=DigestSet(sha256=A)),)
    assert found[1].archives == (DigestSet(sha512="c" * 128),)
    assert [(bool(each.files), bool(each.archives)) for each in found[:2]] == [(True, False), (False, True)]
    assert [each.identified for each in found] == [True, True, False, False]


def test_own_hashes_and_those_of_distributions_are_separate_contents():
    references = [
        {"type": "distribution", "url": "u", "hashes": hashes(("SHA-256", B), ("SHA-512", "c" * 128))},
        {"type": "vcs", "url": "u", "hashes": hashes(("SHA-256", "d" * 64))},
        {"type": "distribution", "url": "u"},
    ]
    (part,) = components({"name": "x", "hashes": hashes(("SHA-256", A)), "externalReferences": references})
    assert part.archives == (DigestSet(sha256=A), DigestSet(sha256=B, sha512="c" * 128))


def test_the_same_digest_named_twice_counts_once_in_either_case():
    references = [{"type": "distribution", "url": "u", "hashes": hashes(("SHA-256", A.upper()))}]
    (part,) = components({"name": "x", "hashes": hashes(("SHA-256", A)), "externalReferences": references})
    assert part.archives == (DigestSet(sha256=A),)


def test_weak_algorithms_identify_nothing():
    (part,) = components({"name": "x", "hashes": hashes(("MD5", "0" * 32), ("SHA-1", "0" * 40), ("SHA3-256", A))})
    assert part.archives == ()


@pytest.mark.parametrize(
    "pairs",
    [
        [("SHA-256", A[1:])],
        [("SHA-256", f"{A[1:]}g")],
        [("SHA-256", f"{A}\n")],
        [("SHA-512", A)],
        [("SHA-256", "")],
        [("SHA-256", A), ("SHA-256", B)],
    ],
)
def test_a_hash_that_is_none_or_two_at_once_is_malformed(pairs):
    with pytest.raises(MalformedError):
        components({"name": "x", "hashes": hashes(*pairs)})


@pytest.mark.parametrize(
    "change",
    [
        {"specVersion": "1.3"},
        {"specVersion": "2.0"},
        {"specVersion": 1.6},
        {"bomFormat": "cyclonedx"},
        {"components": {}},
        {"components": [{}]},
        {"components": [{"name": 7}]},
        {"components": [{"name": "a\nb"}]},
        {"components": [{"name": "x", "hashes": [{"alg": "SHA-256"}]}]},
        {"components": [{"name": "x", "components": [7]}]},
        {"metadata": 7},
    ],
)
def test_a_document_of_the_wrong_form_is_malformed(change):
    with pytest.raises(MalformedError):
        read_cyclonedx({**make_bom([]), **change}, where="b.json")


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
def test_the_versions_in_use_are_read(version):
    assert read_cyclonedx(make_bom([], spec_version=version), where="b.json") == ()


def test_duplicate_keys_and_deep_nesting_are_malformed():
    with pytest.raises(MalformedError, match="twice"):
        read(make_sbom([]).replace(b'"version": 1', b'"version": 1, "version": 1'))
    deep: dict[str, Any] = {"name": "x"}
    for _ in range(70):
        deep = {"name": "x", "components": [deep]}
    with pytest.raises(MalformedError, match="nesting"):
        read(json.dumps(make_bom([deep])).encode())


def test_more_components_than_there_can_be_are_malformed(monkeypatch):
    monkeypatch.setattr("attest.provenance.components.contents.MAX_COMPONENTS", 3)
    part: Any = {"name": "x"}
    assert len(components(part, part, part)) == 3
    with pytest.raises(MalformedError, match="at most 3"):
        components({"name": "x", "components": [part, part]}, part)


def test_many_components_are_read_in_seconds():
    parts = [{"type": "library", "name": f"p{number}"} for number in range(200_000)]
    assert len(read(json.dumps(make_bom(parts), separators=(",", ":")).encode()).components) == 200_000
    parts.append(parts[0])
    with pytest.raises(MalformedError):
        components(*parts)


@given(st.binary(max_size=200) | st.recursive(st.text(), st.lists, max_leaves=5).map(lambda v: json.dumps(v).encode()))
def test_whatever_is_no_evidence_is_refused_without_a_traceback(octets):
    with pytest.raises(AttestError):
        read(octets)


VALUES = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)


@given(
    st.dictionaries(
        st.sampled_from(["name", "hashes", "version", "purl", "components", "externalReferences"]), VALUES, max_size=4
    )
)
def test_any_component_is_read_or_refused_without_a_traceback(part):
    try:
        found = components(part)
    except AttestError:
        return
    assert [one.name for one in found] == [part["name"]]
