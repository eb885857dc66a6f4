"""An update is explained by package, then by file, then by what is demanded."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from attest.cli.difference_text import render
from attest.errors import UntrustedError
from attest.seal.comparing import Difference, How, Side, compare, package_of
from attest.seal.unverified import read_unverified
from attest.statement.companions import manifest_path
from attest.statement.predicates.runtime_reference import Artifact
from tests.call_documents import LEAST_RULES, RULES
from tests.documents import WHEEL
from tests.installed import FILES, Bench, install, make_bench
from tests.world import make_wheel


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def sealed(bench: Bench, name: str, **changes: object) -> Side:
    return read_unverified(bench.write(bench.seal(allow_site=("*",), **changes), name))  # type: ignore[arg-type]


def updated(bench: Bench, version: str, files: dict[str, bytes]) -> Path:
    """Replace what is installed by another version of the same package."""
    wheel = make_wheel(bench.folder, files=files, version=version)
    shutil.rmtree(bench.tree)
    install(wheel, bench.tree)
    return wheel


def test_a_reference_does_not_differ_from_itself(bench: Bench) -> None:
    side = sealed(bench, "a.ref")
    assert compare(side, side) == Difference(packages=(), files=(), terms=())


def test_another_version_is_an_update_that_explains_its_files(bench: Bench) -> None:
    old = sealed(bench, "a.ref")
    wheel = updated(bench, "1.1", {**FILES, "tiny_server/more.py": b"MORE = 1\n"})
    new = sealed(bench, "b.ref", artifacts=(wheel,), evidence=())
    difference = compare(old, new)
    [package] = difference.packages
    assert (package.how, package.old_version, package.new_version) == (How.UPDATED, "1.0", "1.1")
    assert (package.old_origin, package.new_origin) == ("built", "site")
    assert package.files == len(difference.files) > 0
    assert difference.unexplained == ()


def test_the_same_version_from_another_archive_is_told_apart(bench: Bench) -> None:
    old = sealed(bench, "a.ref")
    wheel = updated(bench, "1.0", {**FILES, "tiny_server/tools.py": b"TOOLS = ('shell',)\n"})
    [package] = compare(old, sealed(bench, "b.ref", artifacts=(wheel,), evidence=())).packages
    assert package.how is How.REBUILT


def test_a_file_that_no_package_explains_stands_alone(bench: Bench) -> None:
    old = sealed(bench, "a.ref")
    (bench.tree / "sitecustomize.py").write_text("import os\n")
    difference = compare(old, sealed(bench, "b.ref"))
    assert difference.packages == ()
    [change] = difference.unexplained
    assert (change.path, change.how, change.old) == ("tree/sitecustomize.py", How.ADDED, None)


def test_the_same_archive_with_less_evidence_is_said_to_be_less_known(bench: Bench) -> None:
    [package] = compare(sealed(bench, "a.ref"), sealed(bench, "b.ref", evidence=())).packages
    assert (package.how, package.files) == (How.LESS_KNOWN, 0)
    [package] = compare(sealed(bench, "c.ref", evidence=()), sealed(bench, "d.ref")).packages
    assert package.how is How.BETTER_KNOWN


def test_demands_that_changed_are_terms(bench: Bench) -> None:
    old = sealed(bench, "a.ref")
    longer = msgspec.structs.replace(old.reference.measurement, max_gap_seconds=300)
    argv = msgspec.structs.replace(old.reference, measurement=longer, unbound=("component absent",))
    terms = {
        (term.name, term.old, term.new) for term in compare(old, msgspec.structs.replace(old, reference=argv)).terms
    }
    assert terms == {("measurement.maxGapSeconds", "30", "300"), ("unbound", None, "component absent")}


def test_a_manifest_of_another_reference_is_refused(bench: Bench) -> None:
    path = bench.write(bench.seal())
    manifest_path(path).write_bytes(manifest_path(path).read_bytes() + b"\n")
    with pytest.raises(UntrustedError, match="manifest"):
        read_unverified(path)


@pytest.mark.parametrize(
    ("purl", "named"),
    [
        ("pkg:pypi/tiny-server@1.0", ("pkg:pypi/tiny-server", "1.0")),
        ("pkg:npm/%40scope/name@2.0.0-rc.1", ("pkg:npm/%40scope/name", "2.0.0-rc.1")),
        ("pkg:deb/debian/curl@7.88?arch=amd64", ("pkg:deb/debian/curl", "7.88")),
        ("pkg:npm/name", ("pkg:npm/name", None)),
        (None, ("a.whl", None)),
    ],
)
def test_a_package_is_named_by_its_purl_without_the_version(purl: str | None, named: tuple[str, str | None]) -> None:
    assert package_of(Artifact(name="a.whl", purl=purl, digest=WHEEL, origin="site", evidence=())) == named


def test_changed_tools_and_rules_are_among_it(bench: Bench) -> None:
    old, new = sealed(bench, "a.ref", tools=LEAST_RULES), sealed(bench, "b.ref", tools=RULES)
    difference = compare(old, new)
    assert difference.definitions == ()
    assert "tools.convert_time" in {change.name for change in difference.rules}
    assert difference.terms == ()
    lines = list(render(old, new, difference, every_file=False))
    assert "what callers may do" in lines
    assert "no difference" not in "".join(lines)
