"""Sealing: every file says how its digest is known, and what nobody vouches for is refused."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from attest.errors import MalformedError, RefusedError, UnavailableError, UntrustedError
from attest.provenance.model import Expectations
from attest.seal.phases import Phase
from attest.seal.request import Rules, Tree
from attest.signing.keyfiles import public_pem
from attest.signing.keys import PrivateKey
from attest.statement.levels import Origin
from attest.statement.manifest import Entry, read_manifest
from attest.trust.document import Minima, TrustedIdentity
from attest.trust.references import open_reference
from tests.installed import Bench, install, make_bench
from tests.world import (
    NOW,
    SECOND_BUILDER,
    SOURCE,
    STRANGER,
    TRUST,
    WRITER,
    make_component,
    make_provenance,
    make_signed_sbom,
    make_trust_file,
    make_wheel,
    subject_of,
    trust_of,
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def entries_of(manifest: bytes) -> dict[str, Entry]:
    _, entries = read_manifest(manifest.splitlines(keepends=True), where="manifest")
    return {entry.path: entry for entry in entries}


def test_a_root_of_single_files_is_said_to_have_more_beside_them(bench: Bench) -> None:
    whole = bench.seal(allow_site=("*",)).reference.outside
    script = bench.folder / "single" / "run.sh"
    script.parent.mkdir()
    script.write_bytes(b"#!/bin/sh\n")
    part = bench.seal(trees=(Tree(name="tree", path=script),), allow_site=("*",)).reference.outside
    assert set(part) - set(whole) == {"what lies beside the sealed files of the root tree"}


def test_members_of_a_built_wheel_are_built_and_the_installers_files_derived(bench: Bench) -> None:
    sealed = bench.seal()
    entries = entries_of(sealed.manifest)
    assert entries["tiny_server/__init__.py"].origin is Origin.BUILT
    assert entries["tiny_server-1.0.dist-info/RECORD"].rule == "python-record"
    assert entries["tiny_server-1.0.dist-info/INSTALLER"].origin is Origin.DERIVED
    assert sealed.reference.assurance.least == Origin.BUILT
    assert sealed.reference.server.purl == "pkg:pypi/tiny-server@1.0"


def test_a_reference_opens_with_the_trust_file_and_names_its_manifest(bench: Bench) -> None:
    sealed = bench.seal()
    opened = open_reference(sealed.envelope, TRUST, at=NOW, where="reference")
    assert opened.digest == sealed.digest
    assert opened.predicate == sealed.reference
    names = {subject.name for subject in opened.statement.value.subject}
    assert names == {"manifest", bench.wheel.name}


def test_the_manifest_is_the_same_for_another_installation(bench: Bench) -> None:
    elsewhere = install(bench.wheel, bench.folder / "elsewhere")
    one = bench.seal()
    other = bench.seal(trees=(Tree(name="tree", path=elsewhere),))
    assert one.manifest == other.manifest


def test_a_signed_sbom_makes_listed_and_a_bare_one_locked(bench: Bench) -> None:
    signed = bench.folder / "signed.json"
    component = make_component("tiny-server", "1.0", bench.wheel.read_bytes())
    signed.write_bytes(make_signed_sbom([component], [subject_of(bench.wheel)]))
    assert bench.seal(evidence=(signed,)).reference.assurance.least == Origin.LISTED
    assert bench.seal(evidence=(bench.bare_sbom,)).reference.assurance.least == Origin.LOCKED


def test_components_that_nothing_on_disk_answers_to_are_listed_as_unbound(bench: Bench) -> None:
    sealed = bench.seal(evidence=(bench.bare_sbom,))
    assert sealed.reference.unbound == ("component pkg:pypi/absent@2.0",)


def test_an_archive_that_is_not_installed_is_listed_as_unbound(bench: Bench) -> None:
    other = make_wheel(bench.folder, name="other", files={"other.py": b""})
    sealed = bench.seal(artifacts=(bench.wheel, other))
    assert sealed.reference.unbound == (f"archive {other.name}",)


def test_without_evidence_a_wheel_is_only_site_and_has_to_be_approved(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="explained") as refused:
        bench.seal(evidence=())
    assert "--allow-site" in (refused.value.hint or "")
    assert bench.seal(evidence=(), allow_site=("*",)).reference.assurance.least == Origin.SITE


def test_an_installed_file_that_differs_from_its_archive_is_refused_with_its_path(bench: Bench) -> None:
    (bench.tree / "tiny_server/tools.py").write_bytes(b"TOOLS = ('evil',)\n")
    with pytest.raises(RefusedError) as refused:
        bench.seal(allow_site=("*",))
    assert refused.value.where == "tree/tiny_server/tools.py"
    assert "sha256" in refused.value.expected
    assert "sha256" in refused.value.found


def test_a_member_that_is_not_installed_is_refused(bench: Bench) -> None:
    (bench.tree / "tiny_server/data/words.txt").unlink()
    with pytest.raises(RefusedError, match=r"words\.txt"):
        bench.seal()


@pytest.mark.parametrize("name", ["stray.pth", "tiny_server/extra.py", "tiny_server/__pycache__/gone.cpython-311.pyc"])
def test_a_file_that_nothing_explains_is_refused_by_name(bench: Bench, name: str) -> None:
    path = bench.tree / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"import os\n")
    with pytest.raises(RefusedError) as refused:
        bench.seal()
    assert f"tree/{name}" in refused.value.found
    sealed = bench.seal(allow_site=(name,))
    assert entries_of(sealed.manifest)[name].origin is Origin.SITE


def test_byte_code_of_approved_sources_is_derived_and_not_approved_unseen(bench: Bench) -> None:
    (bench.tree / "tool.py").write_bytes(b"VALUE = 'good'\n")
    program = f"import sys; sys.path.insert(0, {str(bench.tree)!r}); import tool"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    (compiled,) = bench.tree.rglob("tool*.pyc")
    path = compiled.relative_to(bench.tree).as_posix()
    assert entries_of(bench.seal(allow_site=("*",)).manifest)[path].rank is Origin.SITE
    compiled.write_bytes(compiled.read_bytes().replace(b"good", b"evil"))
    with pytest.raises(RefusedError) as refused:
        bench.seal(allow_site=("*",))
    assert refused.value.where == f"tree/{path}"


def test_sealing_executes_nothing_of_the_tree(bench: Bench) -> None:
    marker = bench.folder / "executed"
    trap = f"open({str(marker)!r}, 'w').close()\n"
    for name in ("sitecustomize.py", "usercustomize.py", "attest.py", "tiny_server/__main__.py"):
        (bench.tree / name).write_text(trap)
    (bench.tree / "trap.pth").write_text(f"import os; {trap}")
    bench.seal(allow_site=("*",))
    assert not marker.exists()


def test_the_key_is_loaded_only_after_everything_hostile_was_read(bench: Bench) -> None:
    def never() -> PrivateKey:
        raise AssertionError("the key was asked for")

    (bench.tree / "stray").write_bytes(b"")
    with pytest.raises(RefusedError):
        bench.seal(load_key=never)


def test_only_a_sealer_of_the_trust_file_can_seal(bench: Bench) -> None:
    with pytest.raises(UntrustedError, match="sealer"):
        bench.seal(key=STRANGER)


def test_provenance_by_an_unknown_builder_is_untrusted(bench: Bench) -> None:
    forged = bench.folder / "forged.json"
    forged.write_bytes(make_provenance([subject_of(bench.wheel)], key=SECOND_BUILDER))
    with pytest.raises(UntrustedError):
        bench.seal(evidence=(forged,))


def test_provenance_without_an_expected_source_is_refused_with_the_flag_that_helps(bench: Bench) -> None:
    trust = trust_of(make_trust_file(sources=()))
    with pytest.raises(RefusedError) as refused:
        bench.seal(trust=trust)
    assert "--source-uri" in (refused.value.hint or "")
    bench.seal(trust=trust, expectations=Expectations(source=SOURCE))


def test_the_trust_files_minimum_is_kept(bench: Bench) -> None:
    trust = trust_of(make_trust_file(minima=Minima(assurance=Origin.LISTED)))
    bench.seal(trust=trust)
    with pytest.raises(RefusedError, match="listed or better"):
        bench.seal(trust=trust, evidence=(bench.bare_sbom,))


def test_a_trust_file_without_writers_is_refused(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="writer"):
        bench.seal(trust=trust_of(make_trust_file(writers=())))


ANYWHERE = TrustedIdentity(identity="https://code.example/team/run.yml", issuer="https://tokens.example")
ELSEWHERE = TrustedIdentity(identity="https://code.example/team/other.yml", issuer="https://tokens.example")
BY_JOBS = trust_of(make_trust_file(writer_identities=(ANYWHERE, ELSEWHERE)))


def test_the_writers_of_the_trust_file_are_sealed_unless_some_are_named(bench: Bench) -> None:
    key = bench.folder / "writer.pub"
    key.write_bytes(public_pem(WRITER.public))

    def sealed(**changes: Any) -> tuple[tuple[str, ...], list[str]]:
        reference = bench.seal(trust=BY_JOBS, **changes).reference
        return reference.writers, [each.identity for each in reference.writer_identities]

    jobs = [ELSEWHERE.identity, ANYWHERE.identity]
    assert sealed() == ((WRITER.keyid,), jobs)
    assert sealed(writers=(key,)) == ((WRITER.keyid,), [])
    assert sealed(writer_identities=(ANYWHERE,)) == ((), jobs[1:])
    assert sealed(writers=(key,), writer_identities=(ELSEWHERE,)) == ((WRITER.keyid,), jobs[:1])


def test_identities_alone_are_writers_enough(bench: Bench) -> None:
    trust = trust_of(make_trust_file(writers=(), writer_identities=(ANYWHERE,)))
    assert bench.seal(trust=trust).reference.writers == ()


def test_only_an_identity_of_the_trust_file_is_sealed(bench: Bench) -> None:
    stranger = msgspec.structs.replace(ANYWHERE, issuer="https://other.example")
    with pytest.raises(RefusedError, match="--writer-identity"):
        bench.seal(trust=BY_JOBS, writer_identities=(stranger,))


def test_sealing_again_keeps_the_identities_that_the_trust_file_still_names(bench: Bench) -> None:
    before = bench.seal(trust=BY_JOBS).reference
    now = trust_of(make_trust_file(writer_identities=(ANYWHERE,)))
    again = bench.seal(trust=now, like=before).reference
    assert [each.identity for each in again.writer_identities] == [ANYWHERE.identity]


def test_an_expired_trust_file_is_refused(bench: Bench) -> None:
    with pytest.raises(UntrustedError, match="expired"):
        bench.seal(trust=trust_of(make_trust_file(expires=NOW - 1)))


def test_a_setuid_file_is_refused(bench: Bench) -> None:
    (bench.tree / "tiny_server/tools.py").chmod(0o4644)
    with pytest.raises(RefusedError, match="setuid"):
        bench.seal()


def test_a_fifo_is_refused_and_never_blocks(bench: Bench) -> None:
    os.mkfifo(bench.tree / "pipe")
    with pytest.raises(RefusedError, match="another kind of file"):
        bench.seal(allow_site=("*",))


def test_a_name_that_is_not_utf8_is_refused(bench: Bench) -> None:
    Path(os.fsdecode(os.fsencode(bench.tree) + b"/bad-\xff")).touch()
    with pytest.raises(UnavailableError, match="name"):
        bench.seal(allow_site=("*",))


def test_empty_directories_do_not_matter(bench: Bench) -> None:
    before = bench.seal().manifest
    (bench.tree / "empty").mkdir()
    assert bench.seal().manifest == before


def test_mutable_places_are_declared_and_left_out(bench: Bench) -> None:
    cache = bench.tree / "cache"
    cache.mkdir()
    (cache / "anything").write_bytes(b"1")
    manifest = bench.seal(mutable=(cache,)).manifest
    header, _ = read_manifest(manifest.splitlines(keepends=True), where="manifest")
    assert header.roots[0].mutable == ("cache",)
    assert "cache/anything" not in entries_of(manifest)


def test_a_single_file_is_a_tree_too(bench: Bench) -> None:
    program = bench.folder / "program"
    program.write_bytes(b"\x7fELF")
    sealed = bench.seal(trees=(Tree(name="tree", path=program),), artifacts=(), evidence=(), allow_site=("program",))
    assert list(entries_of(sealed.manifest)) == ["program"]


def test_trees_inside_one_another_are_refused(bench: Bench) -> None:
    inner = Tree(name="inner", path=bench.tree / "tiny_server")
    with pytest.raises(RefusedError, match="contain"):
        bench.seal(trees=(Tree(name="tree", path=bench.tree), inner))


def test_a_successor_counts_up_and_names_what_it_replaces(bench: Bench) -> None:
    first = bench.seal()
    path = bench.write(first)
    second = bench.seal(supersedes=(path,)).reference
    assert second.validity.sequence == first.reference.validity.sequence + 1
    assert second.validity.supersedes == (first.digest,)


def test_rules_are_sealed_as_asked(bench: Bench) -> None:
    rules = Rules(cycle=3, max_gap=9, max_age=27, ttl=3600, scrub=60, not_after=NOW + 1000)
    reference = bench.seal(rules=rules).reference
    assert reference.measurement.scrub_seconds == 60
    assert (reference.measurement.cycle_seconds, reference.measurement.max_gap_seconds) == (3, 9)
    assert reference.validity.ttl_seconds == 3600
    assert reference.validity.not_after == "2026-11-22T12:00:01.000Z"


def test_an_archive_is_known_by_any_strong_digest_that_evidence_names(bench: Bench) -> None:
    subject = {"name": bench.wheel.name, "digest": {"sha512": hashlib.sha512(bench.wheel.read_bytes()).hexdigest()}}
    provenance = bench.folder / "by-sha512.json"
    provenance.write_bytes(make_provenance([subject]))
    assert bench.seal(evidence=(provenance,)).reference.assurance.least == Origin.BUILT


def test_what_nobody_could_read_back_is_not_sealed(bench: Bench) -> None:
    with pytest.raises(MalformedError, match="name"):
        bench.seal(name="two\nlines")


def test_phases_are_told_as_they_begin(bench: Bench) -> None:
    told: list[tuple[str, int]] = []
    sealed = bench.seal(tell=lambda doing, count: told.append((doing, count)))
    files = sum(1 for _ in bench.tree.rglob("*") if _.is_file())
    assert told == [(Phase.EVIDENCE, 1), (Phase.LOOKING, 0), (Phase.EXPLAINING, files), (Phase.SIGNING, 0)]
    assert sealed.reference.manifest.entries == files
