"""Inventories that nobody signed, named by evidence that somebody signed; and what contradicts provenance."""

import pytest

from attest.provenance.contradictions import Built, find_contradictions
from attest.provenance.covering import cover
from attest.provenance.model import Component, Expectations, NamedFile, VerifiedEvidence
from attest.provenance.named_files import named_paths
from attest.provenance.origins import Origins, named_by
from attest.provenance.read import read_evidence
from attest.statement.digests import DigestSet
from attest.statement.levels import Origin
from tests.inventories import FILE, NPM_LOCK, PART, SHA512, SPDX
from tests.world import TRUST, make_component, make_provenance, make_sbom, make_signed_sbom, sha256_of

TARBALL = DigestSet(sha512=SHA512.hex())
TROJAN = b"a trojan"


def read(octets: bytes) -> VerifiedEvidence:
    return read_evidence(octets, trust=TRUST, expectations=Expectations(), where="e")


LOCK = read(NPM_LOCK)
OTHER = {"name": "x", "digest": sha256_of(b"x")}
AS_SUBJECT = read(make_provenance([{"name": "package-lock.json", "digest": sha256_of(NPM_LOCK)}]))
AS_DEPENDENCY = read(
    make_provenance([OTHER], dependencies=[{"uri": "file:///package-lock.json", "digest": sha256_of(NPM_LOCK)}])
)
UNRELATED = read(make_provenance([OTHER]))


@pytest.mark.parametrize("provenance", [AS_SUBJECT, AS_DEPENDENCY])
def test_a_lock_file_that_provenance_names_is_as_good_as_signed(provenance):
    _, covered = cover([provenance, LOCK])
    assert covered.covered_by == (provenance.digest,)
    assert not covered.authenticated
    assert [check.id for check in covered.checks if check.status == "pass"] == ["evidence.coverage"]
    assert Origins(named_by([LOCK, provenance])).of(TARBALL) == (Origin.LISTED, (LOCK.digest,))


def test_without_provenance_that_names_it_a_lock_file_is_only_locked():
    for evidence in ([LOCK], [LOCK, UNRELATED]):
        assert Origins(named_by(evidence)).of(TARBALL) == (Origin.LOCKED, (LOCK.digest,))


def test_what_nobody_signed_covers_nothing():
    bare = read(make_sbom([make_component("lock", "1", NPM_LOCK)]))
    assert [each.covered_by for each in cover([bare, LOCK])] == [(), ()]


def test_the_files_of_an_sbom_are_named_by_their_place_too():
    (named,) = named_paths([read(SPDX)])
    assert named == ("mcp_server_time/__init__.py", FILE, Origin.LOCKED)
    assert Origins(named_by([read(SPDX)])).of(DigestSet(sha256=FILE)) is None


@pytest.mark.parametrize("path", ["../x", "a/../b", "a//b", "", "/", "a\\b", "x\x00"])
def test_a_path_that_leads_elsewhere_names_nothing(path):
    file = NamedFile(path=path, digest=DigestSet(sha256=PART))
    piece = VerifiedEvidence(
        digest="0" * 64, format="x", authenticated=True, components=(Component(name="x", files=(file,)),)
    )
    assert list(named_paths([piece])) == []


def test_a_digest_without_sha256_fits_no_file():
    file = NamedFile(path="x", digest=DigestSet(sha512="0" * 128))
    piece = VerifiedEvidence(
        digest="0" * 64, format="x", authenticated=True, components=(Component(name="x", files=(file,)),)
    )
    assert list(named_paths([piece])) == []


PURL = "pkg:npm/server@1"
BUILT = read(
    make_provenance([{"name": PURL, "digest": sha256_of(b"good")}, {"name": "server.js", "digest": sha256_of(b"js")}])
)


def component(octets: bytes, **more: object) -> dict[str, object]:
    return {**make_component("server", "1", octets), "purl": PURL, **more}


def file(path: str, octets: bytes) -> dict[str, object]:
    hashes = [{"alg": "SHA-256", "content": sha256_of(octets)["sha256"]}]
    return {"type": "file", "name": path, "hashes": hashes}


@pytest.mark.parametrize("sbom", [make_sbom, lambda parts: make_signed_sbom(parts, [OTHER])])
@pytest.mark.parametrize(
    ("part", "found"),
    [
        (component(TROJAN), 1),
        (component(b"good"), 0),
        (component(TROJAN, purl="pkg:npm/other@1"), 0),
        (file("/srv/server.js", TROJAN), 1),
        (file("./server.js", b"js"), 0),
        (file("myserver.js", TROJAN), 0),
    ],
)
def test_an_sbom_that_names_a_trojans_hash_contradicts_provenance(sbom, part, found):
    assert len(list(find_contradictions([read(sbom([part])), BUILT]))) == found


def test_only_provenance_can_be_contradicted():
    signed = read(make_signed_sbom([], [{"name": "server.js", "digest": sha256_of(b"js")}]))
    assert not Built([signed]).denies("server.js", DigestSet(**sha256_of(TROJAN)))
    assert Built([BUILT]).denies("server.js", DigestSet(**sha256_of(TROJAN)))
    assert not Built([BUILT]).denies("server.js", DigestSet(sha512="0" * 128))


IN_DIST = read(
    make_provenance(
        [
            {"name": "dist/tiny_server-1.0-py3-none-any.whl", "digest": sha256_of(b"wheel")},
            {"name": "./out/a/data.zip", "digest": sha256_of(b"a")},
            {"name": "out/b/data.zip", "digest": sha256_of(b"b")},
            {"name": "dist/index.js", "digest": sha256_of(b"js")},
        ]
    )
)


@pytest.mark.parametrize(
    ("filename", "octets", "denied"),
    [
        ("tiny_server-1.0-py3-none-any.whl", TROJAN, True),
        ("tiny_server-1.0-py3-none-any.whl", b"wheel", False),
        ("tiny_server-1.1-py3-none-any.whl", TROJAN, False),
        ("data.zip", TROJAN, True),
        ("data.zip", b"b", False),
        ("index.js", TROJAN, False),
    ],
)
def test_an_archive_is_what_was_built_under_its_file_name_in_any_folder(filename, octets, denied):
    assert Built([IN_DIST]).denies_archive(filename, DigestSet(**sha256_of(octets))) is denied


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (file("/srv/wheels/tiny_server-1.0-py3-none-any.whl", TROJAN), 1),
        (file("/srv/wheels/tiny_server-1.0-py3-none-any.whl", b"wheel"), 0),
        (file("/srv/other/data.zip", TROJAN), 0),
        (file("/srv/out/a/data.zip", TROJAN), 1),
        (file("/srv/index.js", TROJAN), 0),
        (file("/srv/dist/index.js", TROJAN), 1),
    ],
)
def test_a_file_found_somewhere_is_compared_by_its_name_alone_only_if_that_has_a_version(part, found):
    assert len(list(find_contradictions([read(make_sbom([part])), IN_DIST]))) == found
