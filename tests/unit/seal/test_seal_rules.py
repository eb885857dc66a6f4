"""Where the trust file wants nothing left over between evidence and disk, sealing refuses what verification would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest.cli.door import ExitCode, enter
from attest.errors import RefusedError
from attest.seal.request import Tree
from attest.trust.document import SealRules
from attest.trust.leftovers import CHECK
from attest.trust.trust import Trust
from tests.evidence_story import change
from tests.installed import Bench, make_bench
from tests.runtimes import make_interpreter
from tests.world import make_sbom, make_trust_file, make_wheel, trust_of

BOUND = SealRules(require_bound=True)
CLAIMED = SealRules(require_claimed=True)
BOTH = SealRules(require_bound=True, require_claimed=True)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def ruled(rules: SealRules) -> Trust:
    return trust_of(change(make_trust_file(), seal_rules=rules))


def test_a_tree_and_evidence_that_answer_to_one_another_are_sealed(bench: Bench) -> None:
    sealed = bench.seal(trust=ruled(BOTH)).reference
    assert (sealed.unbound, sealed.unclaimed.files) == ((), 0)


def test_a_component_that_is_not_installed_is_refused_by_name_only_where_the_rule_says_so(bench: Bench) -> None:
    with pytest.raises(RefusedError, match=r"1 unbound: component pkg:pypi/absent@2\.0") as refused:
        bench.seal(evidence=(bench.bare_sbom,), trust=ruled(BOUND))
    assert (refused.value.where, refused.value.check) == ("seal rules", CHECK)
    assert refused.value.hint
    assert bench.seal(evidence=(bench.bare_sbom,), trust=ruled(CLAIMED)).reference.unbound


def test_a_component_without_any_digest_is_unbound(bench: Bench) -> None:
    sbom = bench.folder / "bare.json"
    sbom.write_bytes(make_sbom([{"type": "library", "name": "tiny-server", "version": "1.0"}]))
    with pytest.raises(RefusedError, match=r"1 unbound: component tiny-server@1\.0"):
        bench.seal(evidence=(bench.provenance, sbom), trust=ruled(BOUND))


def test_an_archive_that_is_not_installed_is_refused(bench: Bench) -> None:
    other = make_wheel(bench.folder, name="other", files={"other.py": b""})
    with pytest.raises(RefusedError, match=f"1 unbound: archive {other.name}"):
        bench.seal(artifacts=(bench.wheel, other), trust=ruled(BOUND))


def test_a_file_that_no_evidence_answers_for_is_refused_also_if_the_sealer_approves_it(bench: Bench) -> None:
    for number in range(7):
        (bench.tree / f"stray{number}.txt").write_bytes(b"")
    with pytest.raises(RefusedError, match=r"7 unclaimed: tree/stray0\.txt, .* and 2 more") as refused:
        bench.seal(allow_site=("stray*",), trust=ruled(CLAIMED))
    assert refused.value.check == CHECK
    assert bench.seal(allow_site=("stray*",), trust=ruled(BOUND)).reference.unclaimed.files == 7


def test_every_broken_rule_is_named_at_once(bench: Bench) -> None:
    (bench.tree / "stray.txt").write_bytes(b"")
    with pytest.raises(RefusedError, match=r"1 unbound: component pkg:pypi/absent@2\.0; 1 unclaimed: ") as refused:
        bench.seal(evidence=(bench.provenance, bench.bare_sbom), allow_site=("stray*",), trust=ruled(BOTH))
    assert refused.value.expected.count("every ") == 2
    assert (refused.value.hint or "").count("evidence") == 2


def test_a_rule_that_server_and_runtime_break_is_named_for_both(bench: Bench) -> None:
    program = make_interpreter(bench.folder / "python")
    runtime = bench.write(bench.seal(program=program, trees=(), artifacts=(), evidence=()), "python.ref")
    (bench.tree / "stray.txt").write_bytes(b"")
    command = (str(program), str(bench.tree / "tiny_server/tools.py"))
    with pytest.raises(RefusedError, match=r"1 unclaimed: tree/stray\.txt; .* for the runtime") as refused:
        bench.seal(runtime=runtime, command=command, allow_site=("stray*",), trust=ruled(CLAIMED))
    assert refused.value.expected == "every file answered for by evidence"


def test_the_rules_hold_for_a_runtime_and_for_a_server_on_it(bench: Bench) -> None:
    program = make_interpreter(bench.folder / "python")
    asked: dict[str, Any] = {"program": program, "trees": (), "artifacts": (), "evidence": ()}
    with pytest.raises(RefusedError, match="unclaimed: "):
        bench.seal(**asked, trust=ruled(CLAIMED))
    runtime = bench.write(bench.seal(**asked), "python.ref")
    command = (str(program), str(bench.tree / "tiny_server/tools.py"))
    with pytest.raises(RefusedError, match="unclaimed: ") as refused:
        bench.seal(trees=(Tree(name="tree", path=bench.tree),), runtime=runtime, command=command, trust=ruled(CLAIMED))
    assert "for the runtime" in refused.value.where


def test_the_command_makes_shows_and_obeys_the_rules(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(bench.folder)
    assert enter(["key", "new", "sealer.key"]) == ExitCode.PASSED
    assert enter(["key", "new", "writer.key"]) == ExitCode.PASSED
    roles = ("--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    for name, flags in (("plain.json", ()), ("strict.json", ("--require-bound", "--require-claimed"))):
        assert enter(["trust", "new", name, *roles, *flags]) == ExitCode.PASSED
    capsys.readouterr()
    assert enter(["trust", "show", "plain.json"]) == ExitCode.PASSED
    assert "seal rules none" in capsys.readouterr().out
    assert enter(["trust", "show", "strict.json"]) == ExitCode.PASSED
    assert "seal rules every component and archive is bound and every file is claimed" in capsys.readouterr().out
    words = ["seal", "site", "--key", "sealer.key", "-o", "server.ref", "--allow-site", "*"]
    assert enter([*words, "--trust", "strict.json"]) == ExitCode.REFUSED
    assert "hint:" in capsys.readouterr().err
    assert not Path("server.ref").exists()
    assert enter([*words, "--trust", "plain.json"]) == ExitCode.PASSED
