"""What an update fetches: what is installed in all trees, each package once, and nothing for single files."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.cli import updating
from attest.errors import MalformedError, UnavailableError
from attest.provenance.model import Expectations
from attest.seal.request import Tree
from attest.seal.unverified import read_unverified
from tests.call_documents import LEAST_RULES
from tests.installed import Bench, make_bench
from tests.world import NOW, SEALER, TRUST


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What would have been fetched, without an index."""
    asked: list[object] = []

    def packages(wanted: object, _folder: Path, **_: object) -> tuple[()]:
        asked.append(wanted)
        return ()

    def locked(_octets: bytes, name: str, _folder: Path, **_: object) -> tuple[()]:
        asked.append(name)
        return ()

    monkeypatch.setattr(updating, "fetch_packages", packages)
    monkeypatch.setattr(updating, "fetch_locked", locked)
    return asked


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def fetch(bench: Bench, *trees: Path) -> None:
    named = tuple(Tree(name=f"tree{number}", path=path) for number, path in enumerate(trees))
    path = bench.write(bench.seal(trees=named, artifacts=(), evidence=(), allow_site=("*",)))
    updating._fetch(read_unverified(path), bench.folder / "out", lambda _doing, _count: None)


def test_a_package_of_two_trees_is_asked_for_once(bench, fetched):
    other = bench.folder / "other"
    (other / "tiny_server-1.0.dist-info").mkdir(parents=True)
    (other / "a.py").write_text("")
    fetch(bench, bench.tree, other)
    (wanted,) = fetched
    assert [(each.name, each.version) for each in wanted] == [("tiny-server", "1.0")]


def test_a_lock_names_what_to_fetch(bench, fetched):
    for name in ("one", "two"):
        (bench.folder / name).mkdir()
        (bench.folder / name / "package-lock.json").write_text("{}")
    fetch(bench, bench.folder / "one", bench.folder / "two")
    assert fetched == ["package-lock.json", "1.package-lock.json"]


def test_what_nothing_can_be_fetched_for_is_said(bench, fetched):
    script = bench.folder / "run.sh"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(MalformedError, match="lock file"):
        fetch(bench, script)
    assert fetched == []


def test_rules_that_nobody_can_judge_by_are_refused_before_anything_is_fetched(bench, fetched, monkeypatch):
    def refuse(*_: object) -> None:
        raise UnavailableError("tool rules", "the extra 'portal'", "no module")

    monkeypatch.setattr(updating, "check_rules", refuse)
    path = bench.write(bench.seal(artifacts=(), evidence=(), allow_site=("*",)))
    update = updating.Updating(
        path=path,
        trust=TRUST,
        load_key=lambda: SEALER,
        expectations=Expectations(),
        allow_site=(),
        accept_downgrade=None,
        tools=LEAST_RULES,
        enforce=True,
        runtime=None,
        at=NOW,
    )
    with pytest.raises(UnavailableError):
        update.seal((), lambda _doing, _count: None)
    assert fetched == []
