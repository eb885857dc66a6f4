"""SPDX 2.2, 2.3 and 3.0: packages, files, and what contains what."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import AttestError, MalformedError, UntrustedError
from attest.provenance.components.sbom import read_sbom
from attest.provenance.model import Component, Expectations, NamedFile
from attest.provenance.read import read_evidence
from attest.statement.digests import DigestSet
from tests.world import STRANGER, TRUST, make_attestation, sha256_of

A, B = "a" * 64, "b" * 64
SUBJECT = {"name": "x.whl", "digest": sha256_of(b"wheel")}
SHA1 = {"algorithm": "SHA1", "checksumValue": "0" * 40}


def sha256(hexadecimal: str) -> dict[str, str]:
    return {"algorithm": "SHA256", "checksumValue": hexadecimal}


def spdx2(**more: Any) -> dict[str, Any]:
    return {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "x", **more}


def package(identifier: str, *checksums: Any, **more: Any) -> dict[str, Any]:
    return {"SPDXID": identifier, "name": identifier, "versionInfo": "1", "checksums": list(checksums), **more}


def file(identifier: str, path: str, *checksums: Any) -> dict[str, Any]:
    return {"SPDXID": identifier, "fileName": path, "checksums": list(checksums)}


def contains(outer: str, inner: str) -> dict[str, str]:
    return {"spdxElementId": outer, "relationshipType": "CONTAINS", "relatedSpdxElement": inner}


def spdx3(*elements: Any, version: str = "3.0.1") -> dict[str, Any]:
    info = {"type": "CreationInfo", "@id": "_:info", "specVersion": version}
    context = f"https://spdx.org/rdf/{version}/spdx-context.jsonld"
    return {"@context": context, "@graph": [info, *({"creationInfo": "_:info", **each} for each in elements)]}


def element(kind: str, identifier: str, *hashes: Any, **more: Any) -> dict[str, Any]:
    return {"type": f"software_{kind}", "spdxId": identifier, "name": identifier, "verifiedUsing": list(hashes), **more}


def hash3(hexadecimal: str, algorithm: str = "sha256") -> dict[str, str]:
    return {"type": "Hash", "algorithm": algorithm, "hashValue": hexadecimal}


def read(document: Any) -> tuple[Component, ...]:
    return read_sbom(document, "SPDX", where="s.json")


def evidence(octets: bytes) -> Any:
    return read_evidence(octets, trust=TRUST, expectations=Expectations(), where="s.json")


@pytest.mark.parametrize("version", ["SPDX-2.2", "SPDX-2.3"])
def test_digests_of_an_archive_of_files_and_none_are_three_things(version):
    purl = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/a@1"}
    cpe = {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a"}
    document = spdx2(
        spdxVersion=version,
        packages=[package("a", sha256(A), externalRefs=[cpe, purl]), package("b"), package("c", SHA1)],
        files=[file("f", "./lib/x.py", SHA1, sha256(B)), file("g", "/bin/y", SHA1)],
        relationships=[contains("b", "f")],
    )
    assert read(document) == (
        Component(name="a", version="1", purl="pkg:npm/a@1", archives=(DigestSet(sha256=A),)),
        Component(name="b", version="1", files=(NamedFile(path="./lib/x.py", digest=DigestSet(sha256=B)),)),
        Component(name="c", version="1"),
        Component(name="/bin/y"),
    )


def test_what_contains_what_is_read_in_every_spelling():
    back = {"spdxElementId": "g", "relationshipType": "CONTAINED_BY", "relatedSpdxElement": "a"}
    document = spdx2(
        packages=[package("a", hasFiles=["f"])],
        files=[file("f", "f", sha256(A)), file("g", "g", sha256(B)), file("h", "h", sha256(B))],
        relationships=[back, contains("a", "gone"), contains("nobody", "h")],
    )
    assert [[each.path for each in one.files] for one in read(document)] == [["f", "g"], ["h"]]


@pytest.mark.parametrize(
    "described",
    [
        {"documentDescribes": ["root"]},
        {
            "relationships": [
                {
                    "spdxElementId": "SPDXRef-DOCUMENT",
                    "relationshipType": "DESCRIBES",
                    "relatedSpdxElement": "root",
                }
            ]
        },
    ],
)
def test_what_is_described_counts_only_if_a_digest_identifies_it(described):
    part = package("part")
    assert [each.name for each in read(spdx2(packages=[package("root"), part], **described))] == ["part"]
    assert [each.name for each in read(spdx2(packages=[package("root", sha256(A)), part], **described))] == [
        "root",
        "part",
    ]


@pytest.mark.parametrize("version", ["3.0.0", "3.0.1"])
def test_a_graph_of_spdx_3_is_read(version):
    document = spdx3(
        {"type": "SpdxDocument", "spdxId": "urn:doc", "rootElement": ["urn:root"]},
        element("Package", "urn:root"),
        element("Package", "urn:a", hash3(A), software_packageVersion="2", software_packageUrl="pkg:pypi/a@2"),
        element(
            "Package",
            "urn:b",
            {"type": "PackageVerificationCode", "algorithm": "sha1", "hashValue": "0" * 40},
            externalIdentifier=[
                {"type": "ExternalIdentifier", "externalIdentifierType": "packageUrl", "identifier": "pkg:npm/b@1"}
            ],
        ),
        element("File", "urn:f", hash3("0" * 40, "sha1"), hash3(B)),
        element("File", "urn:folder", software_fileKind="directory"),
        {"type": "Relationship", "from": "urn:b", "to": ["urn:f"], "relationshipType": "contains"},
        {"type": "Relationship", "from": "urn:a", "to": ["urn:b"], "relationshipType": "dependsOn"},
        version=version,
    )
    assert read(document) == (
        Component(name="urn:a", version="2", purl="pkg:pypi/a@2", archives=(DigestSet(sha256=A),)),
        Component(name="urn:b", purl="pkg:npm/b@1", files=(NamedFile(path="urn:f", digest=DigestSet(sha256=B)),)),
    )


def test_an_integrity_method_may_stand_as_a_node_of_its_own():
    document = spdx3({"@id": "_:h", **hash3(A)}, element("Package", "urn:a", "_:h"))
    assert read(document)[0].archives == (DigestSet(sha256=A),)
    with pytest.raises(MalformedError, match="node"):
        read(spdx3(element("Package", "urn:a", "_:gone")))


@pytest.mark.parametrize(
    "document",
    [
        spdx2(spdxVersion="SPDX-2.1"),
        spdx2(spdxVersion="SPDX-3.0"),
        spdx2(packages=[package("a"), package("a")]),
        spdx2(packages=[package("a")], files=[file("a", "f")]),
        spdx2(packages=[{"name": "without id"}]),
        spdx2(packages=[package("a", sha256("0"))]),
        spdx2(packages=[package("a", sha256(A), sha256(B))]),
        spdx2(packages=[package("a", {"algorithm": "SHA256"})]),
        spdx2(packages=[package("a", externalRefs=[{"referenceType": "purl", "referenceLocator": "npm/a"}])]),
        spdx2(files=[file("f", "a\nb")]),
        spdx2(files={}),
        spdx2(relationships=[{"spdxElementId": "a"}]),
        {"@context": "https://spdx.org/rdf/4.0.0/spdx-context.jsonld", "@graph": []},
        {"@context": "https://spdx.example/spdx-context.jsonld", "@graph": []},
        {"@context": ["https://spdx.org/rdf/3.0.1/spdx-context.jsonld"], "@graph": []},
        {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"},
        spdx3(element("Package", "urn:a"), element("File", "urn:a")),
        spdx3(element("Package", "urn:a", hash3("0"))),
        spdx3(element("Package", "urn:a", {"type": "Hash", "algorithm": "sha256"})),
        spdx3({"type": "software_Package", "spdxId": "urn:a"}),
        spdx3({"type": "Relationship", "from": "urn:a", "relationshipType": "contains"}),
    ],
)
def test_a_document_of_the_wrong_form_is_malformed(document):
    with pytest.raises(MalformedError):
        read(document)


def test_more_elements_than_there_can_be_are_malformed(monkeypatch):
    monkeypatch.setattr("attest.provenance.components.spdx.MAX_COMPONENTS", 2)
    rows: dict[str, Any] = {"packages": [package("a")], "files": [file("f", "f")]}
    assert len(read(spdx2(**rows))) == 2
    rows["files"].append(file("g", "g"))
    with pytest.raises(MalformedError, match="at most 2"):
        read(spdx2(**rows))


@pytest.mark.parametrize("document", [spdx2(packages=[package("a", sha256(A))]), spdx3(element("Package", "a"))])
def test_a_bare_file_proves_nothing_and_an_attested_one_is_a_builders_word(document):
    bare = evidence(json.dumps(document).encode())
    assert (bare.format, bare.authenticated) == ("spdx-file", False)
    for suffix in ("", "/v2.3", "/v3"):
        signed = evidence(make_attestation(f"https://spdx.dev/Document{suffix}", document, [SUBJECT]))
        assert (signed.format, signed.authenticated, signed.slsa_level) == ("spdx-dsse", True, None)
        assert signed.components == bare.components
    with pytest.raises(UntrustedError):
        evidence(make_attestation("https://spdx.dev/Document", document, [SUBJECT], key=STRANGER))


def test_the_forms_that_cosign_writes_are_the_same_document():
    document = spdx2(packages=[package("a", sha256(A))])
    for predicate in (json.dumps(document), {"Data": json.dumps(document)}, {"Data": document, "Timestamp": "t"}):
        signed = evidence(make_attestation("https://spdx.dev/Document", predicate, [SUBJECT]))
        assert signed.components == read(document)


@pytest.mark.parametrize(
    "predicate",
    ["SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n", '{"spdxVersion":1,"spdxVersion":2}', {"Data": 7}, "", "[]"],
)
def test_a_string_that_holds_no_json_is_malformed(predicate):
    with pytest.raises(MalformedError):
        evidence(make_attestation("https://spdx.dev/Document", predicate, [SUBJECT]))


def test_the_tag_value_form_is_refused_with_what_to_do():
    with pytest.raises(MalformedError) as refused:
        evidence(make_attestation("https://spdx.dev/Document", "SPDXVersion: SPDX-2.3", [SUBJECT]))
    assert "spdxjson" in (refused.value.hint or "")


def test_a_predicate_of_the_other_family_is_malformed():
    for predicate_type, predicate in (
        ("https://cyclonedx.org/bom", spdx2()),
        ("https://spdx.dev/Document", {"bomFormat": "CycloneDX", "specVersion": "1.6"}),
    ):
        with pytest.raises(MalformedError):
            evidence(make_attestation(predicate_type, predicate, [SUBJECT]))


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["a", "SHA256", A, "contains", "CONTAINS"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["algorithm", "checksumValue", "SPDXID", "name", "type"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["packages", "files", "relationships", "documentDescribes", "spdxId", "verifiedUsing", "name", "type", "to", "from"]
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_any_document_is_read_or_refused_without_a_traceback(fields):
    for document in (spdx2(**fields), spdx3(fields), spdx3({**fields, "type": "software_Package"})):
        try:
            found = read(document)
        except AttestError:
            continue
        assert all(isinstance(each, Component) for each in found)
