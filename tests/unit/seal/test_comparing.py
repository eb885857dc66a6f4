"""An update is explained by package, then by file, then by what is demanded."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from attest.cli.difference_text import render
from attest.errors import UntrustedError
from attest.seal.changed_packages import package_of
from attest.seal.comparing import compare
from attest.seal.differences import Difference, How, Side
from attest.seal.unverified import read_unverified
from attest.statement.companions import manifest_path
from attest.statement.digests import DigestSet
from attest.statement.levels import Origin
from attest.statement.predicates.runtime_reference import Artifact, SignerIdentity
from attest.statement.profile import ProcessProfile
from tests.call_documents import LEAST_RULES, RULES
from tests.documents import WHEEL
from tests.installed import FILES, Bench, install, make_bench
from tests.world import STRANGER, make_wheel


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


def changed(side: Side, **fields: object) -> Side:
    return msgspec.structs.replace(side, reference=msgspec.structs.replace(side.reference, **fields))


def terms(old: Side, new: Side) -> set[tuple[str, str | None, str | None]]:
    return {(term.name, term.old, term.new) for term in compare(old, new).terms}


def test_who_may_write_is_a_term_and_so_is_whose_jobs_may_certify_a_key(bench: Bench) -> None:
    old = sealed(bench, "a.ref")
    job = SignerIdentity(identity="https://ci.example/o/r/w.yml@refs/heads/main", issuer="https://issuer.example")
    [writer] = old.reference.writers
    assert terms(old, changed(old, writers=(STRANGER.keyid,), writer_identities=(job,))) == {
        ("writers", writer, None),
        ("writers", None, STRANGER.keyid),
        ("writerIdentities", None, f"{job.identity}@{job.issuer}"),
    }


def test_another_builder_of_the_same_archive_is_told_and_another_document_of_the_same_only_counted(
    bench: Bench,
) -> None:
    old = sealed(bench, "a.ref")
    [piece] = old.reference.evidence
    copied = msgspec.structs.replace(piece, digest="cd" * 32)
    [change] = compare(old, changed(old, evidence=(copied,))).evidence
    assert (change.how, change.documents) == (How.RENEWED, 1)
    other = msgspec.structs.replace(copied, builder="https://elsewhere.example/builder")
    gone, come = compare(old, changed(old, evidence=(other,))).evidence
    assert (gone.how, come.how) == (How.REMOVED, How.ADDED)
    assert "builder https://elsewhere.example/builder" in come.said


def test_what_a_new_version_runs_when_it_is_installed_is_told(bench: Bench) -> None:
    old = sealed(bench, "a.ref")
    [archive] = old.reference.artifacts
    newer = msgspec.structs.replace(
        archive, purl="pkg:pypi/tiny-server@1.1", digest=DigestSet(sha256="cd" * 32), install_scripts=("postinstall",)
    )
    assert terms(old, changed(old, artifacts=(newer,))) == {
        ("artifacts.pkg:pypi/tiny-server.installScripts", None, "postinstall")
    }


def test_where_a_root_may_change_is_a_term(bench: Bench) -> None:
    old = sealed(bench, "a.ref")
    (bench.tree / "cache").mkdir()
    assert terms(old, sealed(bench, "b.ref", mutable=(bench.tree / "cache",))) == {
        ("roots.tree.mutable", None, "cache")
    }


def test_a_file_of_no_package_that_is_known_less_well_stands_alone(bench: Bench) -> None:
    old = sealed(bench, "a.ref")
    [entry] = [each for each in old.entries if each.path == "tiny_server/tools.py"]
    alone = msgspec.structs.replace(entry, artifact=None)
    before = msgspec.structs.replace(old, entries=(alone,))
    after = msgspec.structs.replace(old, entries=(msgspec.structs.replace(alone, origin=Origin.SITE),))
    [change] = compare(before, after).files
    assert (change.how, change.old, change.new) == (How.LESS_KNOWN, "built", "site")


def test_a_long_command_is_shown_whole(bench: Bench) -> None:
    old = sealed(bench, "a.ref")
    words = tuple(f"--word-{number}" for number in range(200))
    new = changed(old, process=ProcessProfile(argv=(*words, "--last")))
    lines = render(old, new, compare(old, new), every_file=False)
    assert any(line.endswith("--last") for line in lines)


def test_files_that_evidence_answers_for_at_last_are_counted_and_named_only_on_demand(bench: Bench) -> None:
    for number in range(20):
        (bench.tree / f"extra{number:02}.txt").write_bytes(b"x")
    old = sealed(bench, "a.ref")
    for path in bench.tree.glob("extra*.txt"):
        path.unlink()
    new = sealed(bench, "b.ref")
    difference = compare(old, new)
    few, every = (list(render(old, new, difference, every_file=every)) for every in (False, True))
    assert sum("unclaimed.paths" in line for line in few) == 6
    assert "  unclaimed.paths  - 15 more, which attest diff --files names" in few
    assert sum("unclaimed.paths  - tree/extra" in line for line in every) == 20
