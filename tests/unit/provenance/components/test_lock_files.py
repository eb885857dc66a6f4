"""Lock files: which packages they name, by which archives; and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.octets import to_base64
from attest.errors import AttestError, MalformedError
from attest.provenance.model import Component, Expectations
from attest.provenance.read import read_evidence
from attest.provenance.sources import SOURCES
from attest.statement.digests import DigestSet
from tests.inventories import FILE, INTEGRITY, NPM_LOCK, PART, PNPM_LOCK, PYLOCK, REQUIREMENTS, SHA512, UV_LOCK
from tests.world import TRUST

TARBALL = DigestSet(sha512=SHA512.hex())
WHEELS = {DigestSet(sha256=PART), DigestSet(sha256=FILE)}
LOCKS = {
    "npm-lock": NPM_LOCK,
    "pnpm-lock": PNPM_LOCK,
    "pip-requirements": REQUIREMENTS,
    "uv-lock": UV_LOCK,
    "pylock": PYLOCK,
}


def read(octets: bytes, name: str | None = None) -> tuple[Component, ...]:
    if name is not None:
        return SOURCES[name].read(octets, TRUST, Expectations(), "lock").components
    return read_evidence(octets, trust=TRUST, expectations=Expectations(), where="lock").components


def npm(**packages: Any) -> bytes:
    return json.dumps({"lockfileVersion": 3, "packages": packages}).encode()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_names_archives_and_proves_nothing_beyond_locked(name):
    found = read_evidence(LOCKS[name], trust=TRUST, expectations=Expectations(), where="lock")
    assert (found.format, found.authenticated) == (name, False)
    (part,) = found.components
    if name in {"npm-lock", "pnpm-lock"}:
        assert (part.purl, part.archives) == ("pkg:npm/%40scope/part@1.0.0", (TARBALL,))
    else:
        assert (part.purl, set(part.archives)) == ("pkg:pypi/tzdata@2026.3", WHEELS)
    assert part.files == ()


def test_npm_names_packages_and_neither_sources_nor_what_came_in_another_tarball():
    octets = npm(
        **{
            "": {"version": "1"},
            "packages/mine": {"version": "1"},
            "node_modules/mine": {"resolved": "packages/mine", "link": True},
            "node_modules/alias": {"name": "real", "version": "2", "integrity": f"sha1-abc {INTEGRITY}?x"},
            "node_modules/a/node_modules/inner": {"version": "3", "inBundle": True},
            "node_modules/git": {"version": "4", "resolved": "git+ssh://git@code.example/git.git#0"},
        }
    )
    assert [(each.purl, each.archives) for each in read(octets)] == [
        ("pkg:npm/real@2", (TARBALL,)),
        ("pkg:npm/git@4", ()),
    ]


@pytest.mark.parametrize(
    "integrity", ["sha512-AAAA", "sha512", "md4-AAAA", "sha512-!", f"{INTEGRITY}=", INTEGRITY.replace("=", "")]
)
def test_an_integrity_that_is_none_is_malformed(integrity):
    with pytest.raises(MalformedError):
        read(npm(**{"node_modules/x": {"integrity": integrity}}))


def test_sha1_alone_identifies_nothing():
    (part,) = read(npm(**{"node_modules/x": {"integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="}}))
    assert not part.identified


def test_several_hashes_of_one_algorithm_are_several_contents():
    other = to_base64(bytes(64))
    (part,) = read(npm(**{"node_modules/x": {"integrity": f"{INTEGRITY} sha512-{other}"}}))
    assert part.archives == (TARBALL, DigestSet(sha512="0" * 128))


@pytest.mark.parametrize("key", ["/@scope/part@1.0.0", "/@scope/part@1.0.0(peer@2.0.0)(other@1.0.0)"])
def test_pnpm_of_version_6_is_read(key):
    octets = PNPM_LOCK.replace(b"'9.0'", b"'6.0'").replace(
        b"'@scope/part@1.0.0':\n    res", f"{key}:\n    res".encode()
    )
    (part,) = read(octets)
    assert (part.purl, part.archives) == ("pkg:npm/%40scope/part@1.0.0", (TARBALL,))


def test_texts_over_several_lines_hide_nothing():
    octets = PNPM_LOCK.replace(b"    cpu:", b"    deprecated: |-\n      old\n\n      packages:\n        x: y\n    cpu:")
    assert read(octets) == read(PNPM_LOCK)


@pytest.mark.parametrize(
    "text",
    [
        "lockfileVersion: '9.0'\nlockfileVersion: '9.0'\n",
        "lockfileVersion: '5.4'\npackages: {}\n",
        "lockfileVersion: '9.0'\npackages: &a {}\n",
        "lockfileVersion: '9.0'\npackages: *a\n",
        "lockfileVersion: '9.0'\npackages: !!map {}\n",
        "lockfileVersion: '9.0'\npackages:\n\tx: y\n",
        "lockfileVersion: '9.0'\npackages: []\n",
        "lockfileVersion: '9.0'\npackages:\n  x@1.0.0: {}\n",
        "lockfileVersion: '9.0'\npackages:\n  x@1.0.0:\n    resolution: {integrity: a, integrity: b}\n",
        "lockfileVersion: '9.0'\npackages:\n  x@1.0.0:\n    resolution: {integrity: [a]}\n",
        "lockfileVersion: '9.0'\npackages:\n  x@1.0.0:\n    resolution: {integrity: sha512-AA}\n",
        "lockfileVersion: '9.0'\npackages:\n  x@1.0.0:\n    resolution: {integrity: sha512-AA\n",
        "lockfileVersion: '9.0'\n  packages: {}\n",
        "lockfileVersion: '9.0'\n---\nlockfileVersion: '9.0'\n",
        "lockfileVersion: '9.0'\r\n",
        "lockfileVersion: '9.0'\n# a comment\n",
        "lockfileVersion: '9.0'\n? x\n: y\n",
        "lockfileVersion: '9.0'\nx: 'never\n  ends'\n",
        "lockfileVersion: '9.0'\nx: \"\\q\"\n",
        "lockfileVersion: '9.0'\nx: a: b\n",
        "lockfileVersion: '9.0'\nx: a #b\n",
        "lockfileVersion: '9.0'\nx: " + "[" * 100 + "]" * 100 + "\n",
        "lockfileVersion: '9.0'\n" + "".join(f"{'  ' * n}x:\n" for n in range(40)),
    ],
)
def test_yaml_that_pnpm_does_not_write_is_malformed(text):
    with pytest.raises(MalformedError):
        read(text.encode())


@pytest.mark.parametrize("version", [0, 1, 4, 9**9])
def test_an_npm_lock_of_another_version_is_malformed_with_what_to_do(version):
    with pytest.raises(MalformedError) as refused:
        read(json.dumps({"lockfileVersion": version, "packages": {}}).encode())
    assert "npm" in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("line", "purl", "hashes"),
    [
        (f"A.b_c==1 --hash=sha256:{PART}", "pkg:pypi/a-b-c@1", 1),
        (f"a[x,y] == 1.0 ; python_version > '3' --hash=sha256:{PART} --hash=md5:00", "pkg:pypi/a@1.0", 1),
        (f"a @ https://a.example/a.zip#sha256=0 --hash sha256:{PART}", "pkg:pypi/a", 1),
        (f"a==1 --hash=sha256:{PART}\nb==2", "pkg:pypi/a@1", 1),
        (f"a==1 \\\r\n  --hash=sha256:{PART} \\\n  --hash=sha256:{FILE}", "pkg:pypi/a@1", 2),
        (f"a==1 --hash=sha256:{PART} # --hash=sha256:{FILE}", "pkg:pypi/a@1", 1),
    ],
)
def test_a_requirement_is_read_as_pip_reads_it(line, purl, hashes):
    part = read(line.encode())[0]
    assert (part.purl, len(part.archives)) == (purl, hashes)


def test_a_requirement_without_hashes_is_named_and_identifies_nothing():
    found = read(f"-e ./mine\na==1 --hash=sha256:{PART}\nb==2\n".encode())
    assert [(each.name, each.identified) for each in found] == [("-e ./mine", False), ("a", True), ("b", False)]


@pytest.mark.parametrize(
    "line",
    ["-r other.txt", "--requirement=other.txt", "-c limits.txt", "==1", "a==1 --hash=sha256:00", "a --hash=", "\x1b"],
)
def test_what_is_no_hashed_requirement_is_malformed(line):
    with pytest.raises(MalformedError):
        read(REQUIREMENTS + f"{line}\n".encode())


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (UV_LOCK.replace(b"version = 1\n", b"version = 2\n", 1), "uv-lock"),
        (UV_LOCK.replace(b'hash = "sha256:', b'hash = "', 1), "uv-lock"),
        (UV_LOCK.replace(FILE.encode(), b"00"), "uv-lock"),
        (UV_LOCK.replace(b'name = "tzdata"\nversion', b"name = 7\nversion"), "uv-lock"),
        (UV_LOCK + b"version = 1\n[[package]]\n", "uv-lock"),
        (UV_LOCK + b"x = " + b"[" * 50 + b"]" * 50, "uv-lock"),
        (UV_LOCK + b"x = " + b"[" * 100_000, "uv-lock"),
        (UV_LOCK + b"\xff", "uv-lock"),
        (PYLOCK.replace(b'"1.0"', b'"2.0"', 1), "pylock"),
        (PYLOCK.replace(FILE.encode(), b"00"), "pylock"),
        (PYLOCK.replace(b"hashes", b"hash"), "pylock"),
        (PYLOCK + b"[[packages]]\n", "pylock"),
    ],
)
def test_a_toml_lock_of_another_form_is_malformed(octets, name):
    with pytest.raises(MalformedError):
        read(octets, name)


@pytest.mark.parametrize("name", LOCKS)
def test_too_large_a_file_is_malformed(name, monkeypatch):
    for place in (
        "provenance.components.requirements.MAX_REQUIREMENTS_BYTES",
        "provenance.components.toml_document.MAX_TOML_BYTES",
        "codec.yaml_subset.MAX_YAML_BYTES",
    ):
        monkeypatch.setattr(f"attest.{place}", 10)
    monkeypatch.setattr("attest.codec.strict.MAX_MARKS", 1)
    with pytest.raises(MalformedError, match="at most"):
        read(LOCKS[name])


@pytest.mark.parametrize("name", LOCKS)
@given(data=st.data())
def test_a_changed_lock_file_is_read_or_refused_without_a_traceback(name, data):
    octets = bytearray(LOCKS[name])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(octets) - 1))
        octets[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=2) | st.sampled_from([b"\n", b": ", b"'", b"{", b"[", b"- ", b"  ", b"\\", b"#"])
        )
    try:
        read(bytes(octets), name)
    except AttestError:
        return
