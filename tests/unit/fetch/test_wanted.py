"""What may be asked of an index: names and versions, never an option, a path or an address."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.fetch.wanted import Ecosystem, Wanted, installed_in, parse_wanted, wanted_of
from attest.statement.digests import DigestSet
from tests.installed import make_bench


@pytest.mark.parametrize(
    ("text", "ecosystem", "name", "version"),
    [
        ("mcp-server-time", "pypi", "mcp-server-time", None),
        ("mcp-server-time==2026.10.19", "pypi", "mcp-server-time", "2026.10.19"),
        ("pkg:pypi/mcp-server-time@2026.10.19", "pypi", "mcp-server-time", "2026.10.19"),
        ("pkg:npm/%40scope/name@1.2.3", "npm", "@scope/name", "1.2.3"),
        ("pkg:npm/name@1.2.3?arch=x64#sub", "npm", "name", "1.2.3"),
        ("@scope/name", "npm", "@scope/name", None),
        ("npm:name@1.2.3-rc.1", "npm", "name", "1.2.3-rc.1"),
    ],
)
def test_packages_and_purls_are_read(text: str, ecosystem: str, name: str, version: str | None) -> None:
    assert parse_wanted(text) == Wanted(ecosystem=Ecosystem(ecosystem), name=name, version=version)


@pytest.mark.parametrize(
    "text",
    [
        "", "-r file", "--target=x", "name @ https://host.example/a.whl",
        "../evil", "pkg:gem/rails@7", "pkg:npm/../x", "npm:-g",
        "npm:@scope/../x", "name==1; rm -rf", "name==1 other", "git+https://host.example/a",
        "pkg:pypi/", "npm:name@file:evil.tgz", "@scope", "name==",
        "name\n--option",
    ],
)  # fmt: skip
def test_anything_else_never_reaches_a_client(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_wanted(text)


@given(st.text(max_size=60))
def test_what_is_read_holds_nothing_that_a_client_could_take_for_more(text: str) -> None:
    try:
        wanted = parse_wanted(text)
    except MalformedError:
        return
    spec = f"{wanted.name}@{wanted.version or ''}"
    assert not spec.startswith("-")
    assert ".." not in wanted.name.split("/")
    assert not any(character.isspace() or character in ":;|&$`\\'\"" for character in spec)


def test_a_row_of_another_ecosystem_is_nothing_to_ask_for() -> None:
    digest = (DigestSet(sha256="0" * 64),)
    assert wanted_of("pkg:deb/debian/curl@7", digest) is None
    assert wanted_of(None, digest) is None
    assert wanted_of("pkg:npm/a@1.0.0", digest) == Wanted(
        ecosystem=Ecosystem.NPM, name="a", version="1.0.0", archives=digest
    )


def test_what_is_installed_is_named_by_its_dist_info(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    [found] = installed_in(bench.tree)
    assert (found.name, found.version) == ("tiny-server", "1.0")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MalformedError, match="installed Python packages"):
        installed_in(tmp_path / "empty")
