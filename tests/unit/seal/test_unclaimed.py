"""What lies on disk and no evidence answers for is counted and named, whatever explains it otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attest.cli.sealed_summary import summarize
from attest.seal.unclaimed import find_unclaimed
from attest.statement.levels import Origin
from attest.statement.manifest import Entry, FileKind
from attest.statement.predicates.runtime_reference import MAX_UNCLAIMED_PATHS
from tests.installed import Bench, make_bench
from tests.world import make_component, make_sbom


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def derived(path: str, rank: Origin) -> Entry:
    return Entry(root="tree", path=path, type_=FileKind.FILE, origin=Origin.DERIVED, rank=rank, rule="python-record")


def link(path: str, origin: Origin) -> Entry:
    return Entry(root="tree", path=path, type_=FileKind.LINK, origin=origin, target="x")


def test_with_provenance_of_its_archive_nothing_is_unclaimed_what_pip_wrote_included(bench: Bench) -> None:
    unclaimed = bench.seal().reference.unclaimed
    assert (unclaimed.files, unclaimed.paths) == (0, ())


def test_a_list_that_nobody_signed_claims_too(bench: Bench) -> None:
    assert bench.seal(evidence=(bench.bare_sbom,)).reference.unclaimed.files == 0


def test_an_archive_that_no_evidence_names_claims_nothing(bench: Bench) -> None:
    other = bench.folder / "other.json"
    other.write_bytes(make_sbom([make_component("absent", "2.0", b"x")]))
    sealed = bench.seal(evidence=(other,), allow_site=("*",)).reference
    assert sealed.unclaimed.files == sealed.assurance.site.files + sealed.assurance.derived.files
    assert "tree/tiny_server/__init__.py" in sealed.unclaimed.paths
    assert "tree/tiny_server-1.0.dist-info/RECORD" in sealed.unclaimed.paths


def test_byte_code_of_what_is_unclaimed_is_unclaimed(bench: Bench) -> None:
    (bench.tree / "stray.py").write_bytes(b"VALUE = 1\n")
    program = f"import sys; sys.path.insert(0, {str(bench.tree)!r}); import stray, tiny_server"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    (compiled,) = bench.tree.rglob("stray*.pyc")
    sealed = bench.seal(allow_site=("stray.py",)).reference
    assert sealed.unclaimed.paths == (f"tree/__pycache__/{compiled.name}", "tree/stray.py")
    assert sealed.assurance.site.files == 1


def test_at_most_a_thousand_are_named_and_all_are_counted() -> None:
    entries = [link(f"{number:05}", Origin.SITE) for number in range(MAX_UNCLAIMED_PATHS + 5)]
    unclaimed = find_unclaimed(entries)
    assert unclaimed.files == MAX_UNCLAIMED_PATHS + 5
    assert unclaimed.paths == tuple(f"tree/{number:05}" for number in range(MAX_UNCLAIMED_PATHS))


@pytest.mark.parametrize("origin", [Origin.BUILT, Origin.LISTED, Origin.LOCKED])
def test_every_origin_but_site_claims(origin: Origin) -> None:
    assert find_unclaimed([link("a", origin), derived("b", origin)]).files == 0
    assert find_unclaimed([link("a", Origin.SITE), derived("b", Origin.SITE)]).paths == ("tree/a", "tree/b")


def test_the_summary_counts_both_ways_and_names_the_first(bench: Bench) -> None:
    for number in range(7):
        (bench.tree / f"stray{number}.txt").write_bytes(b"")
    (bench.tree / "a\u202estray.txt").write_bytes(b"")
    lines = summarize(bench.seal(evidence=(bench.bare_sbom,), allow_site=("*stray*",)).reference).splitlines()
    at = lines.index("unbound           1")
    assert lines[at + 1].split() == ["component", "pkg:pypi/absent@2.0"]
    assert lines[at + 2] == "unclaimed         8"
    assert lines[at + 3].split() == [r"tree/a\u202estray.txt"]
    assert lines[at + 8].split() == ["and", "3", "more"]


def test_the_summary_names_what_env_sets_and_the_reference_does_not(bench: Bench) -> None:
    reference = bench.seal(evidence=(bench.bare_sbom,)).reference
    told = summarize(reference, ("/usr/bin/env", "PORT=1", "B=2", "sh", "C=3")).splitlines()
    assert [line.split()[2] for line in told if line.startswith("not set")] == ["PORT:", "B:"]
    assert not [line for line in summarize(reference, ("sh", "C=3")).splitlines() if line.startswith("not set")]
