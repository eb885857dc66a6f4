"""`attest derive`: what it writes is used in the place of its parent, and what would be wider it does not write."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from attest.statement.companions import attachments_path, manifest_path, parents_path
from attest.trust.loading import load_reference
from attest.trust.making import write_trust
from tests.commands import Done, attest, passed
from tests.installed import Bench
from tests.mandates import MANDATES
from tests.portal_world import make_tool_rules, seal_server
from tests.world import NOW, SEALER, SECOND_SEALER, STRANGER, TRUST, make_trust_file, write_key_pair

SOON: Final = "2098-01-01T00:00:00Z"
END: Final = "2099-01-01T00:00:00Z"
LATER: Final = "2100-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A server with three permitted tools until `END`, whose reference names a deriver."""
    folder = tmp_path_factory.mktemp("derive")
    write_key_pair(folder, "sealer", SEALER)
    write_key_pair(folder, "second", SECOND_SEALER)
    write_key_pair(folder, "stranger", STRANGER)
    bench = seal_server(folder, tools=make_tool_rules("echo", "fail", "seen"), not_after=4_070_908_800_000)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file(sealers=(SEALER, SECOND_SEALER))))
    return bench


def derive(bench: Bench, *words: str, ref: str = "server.ref", out: str = "child.ref", key: str = "sealer") -> Done:
    return attest(bench.folder, "derive", ref, "--key", f"{key}.key", "-o", out, "--trust", "trust.json", *words)


def tools_of(path: Path) -> list[str]:
    rules = load_reference(path, MANDATES, at=NOW).predicate.tools
    assert rules is not None
    return [each.name for each in rules.tools]


def test_it_writes_a_reference_with_everything_that_belongs_to_it(sealed: Bench) -> None:
    digest = passed(derive(sealed, "--tool", "echo", "--tool", "seen", "--not-after", SOON))
    path, parent = sealed.folder / "child.ref", sealed.folder / "server.ref"
    child = load_reference(path, MANDATES, at=NOW)
    assert digest.decode() == f"sha256:{child.digest}\n"
    assert tools_of(path) == ["echo", "seen"]
    assert child.predicate.validity.not_after == "2098-01-01T00:00:00.000Z"
    assert manifest_path(path).read_bytes() == manifest_path(parent).read_bytes()
    assert attachments_path(path).read_bytes() == attachments_path(parent).read_bytes()
    assert parents_path(path).read_bytes() == parent.read_bytes()


def test_less_is_derived_again_from_what_was_derived(sealed: Bench) -> None:
    passed(derive(sealed, "--tool", "echo", "--tool", "fail", out="first.ref"))
    passed(derive(sealed, "--tool", "fail", ref="first.ref", out="second.ref"))
    assert tools_of(sealed.folder / "second.ref") == ["fail"]
    done = derive(sealed, "--tool", "seen", ref="first.ref", out="third.ref")
    assert done.returncode == 5
    assert not (sealed.folder / "third.ref").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("--tool", "hidden"), 5),
        (("--tool", "nothing"), 5),
        (("--not-after", LATER), 5),
        (("--not-after", "2026-11-23T00:00:00Z"), 5),
        (("--tool", "echo", "-o", "server.ref"), 5),
        (("--tool", "echo", "-o", "-"), 2),
    ],
)
def test_what_would_be_wider_or_of_no_use_is_not_written(sealed: Bench, words: tuple[str, ...], code: int) -> None:
    before = (sealed.folder / "server.ref").read_bytes()
    assert derive(sealed, *words, out="not.ref").returncode == code
    assert not (sealed.folder / "not.ref").exists()
    assert (sealed.folder / "server.ref").read_bytes() == before


def test_a_sealer_that_the_reference_does_not_name_derives_nothing(sealed: Bench) -> None:
    assert derive(sealed, "--tool", "echo", key="second", out="not.ref").returncode == 5
    done = derive(sealed, "--tool", "echo", key="stranger", out="not.ref")
    assert done.returncode == 4
    assert b"a sealer of the trust file" in done.stderr
    plain = attest(sealed.folder, "derive", "server.ref", "--key", "stranger.key", "-o", "not.ref", "--tool", "echo")
    assert plain.returncode == 5
    assert not (sealed.folder / "not.ref").exists()


def test_without_a_trust_file_it_says_what_nobody_checked(sealed: Bench) -> None:
    done = attest(sealed.folder, "derive", "server.ref", "--key", "sealer.key", "-o", "plain.ref", "--tool", "echo")
    passed(done)
    assert b"not checked without --trust" in done.stderr
    assert tools_of(sealed.folder / "plain.ref") == ["echo"]


def test_a_sealer_that_was_named_when_it_was_sealed_may_derive(sealed: Bench, tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    program = tmp_path / "server" / "run.sh"
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    keys = [str(sealed.folder / name) for name in ("trust.json", "sealer.key", "second.key", "second.key.pub")]
    words = ("seal", "server", "--trust", keys[0], "--key", keys[1], "--allow-site", "*", "-o", "server.ref")
    stranger = str(sealed.folder / "stranger.key.pub")
    assert attest(tmp_path, *words, "--deriver", stranger, "--", "server/run.sh").returncode == 5
    passed(attest(tmp_path, *words, "--deriver", keys[3], "--", "server/run.sh"))
    end = ("--not-after", END, "-o", "child.ref", "--trust", keys[0])
    passed(attest(tmp_path, "derive", "server.ref", "--key", keys[2], *end))
    assert load_reference(tmp_path / "child.ref", MANDATES, at=NOW).parent is not None


def test_a_sub_mandate_is_not_sealed_anew_nor_superseded(sealed: Bench) -> None:
    passed(derive(sealed, "--tool", "echo"))
    keys = ("--trust", "trust.json", "--key", "sealer.key")
    done = attest(sealed.folder, "update", "child.ref", *keys, "--evidence", "none", "--yes")
    assert done.returncode == 5
    assert b"seal its parent anew" in done.stderr
    words = ("--allow-site", "*", "-o", "new.ref", "--supersedes", "child.ref")
    assert attest(sealed.folder, "seal", str(sealed.tree), *keys, *words).returncode == 5


def test_what_differs_is_shown_and_what_is_sealed_over_it_has_no_parent(sealed: Bench) -> None:
    passed(derive(sealed, "--tool", "echo"))
    told = passed(attest(sealed.folder, "diff", "server.ref", "child.ref")).decode()
    assert "fail" in told
    assert "parent" in told
    assert b'"parent"' in passed(attest(sealed.folder, "show", "child.ref"))
    keys = ("--trust", "trust.json", "--key", "sealer.key")
    passed(attest(sealed.folder, "seal", str(sealed.tree), *keys, "--allow-site", "*", "-o", "child.ref"))
    assert not parents_path(sealed.folder / "child.ref").exists()


def test_beside_others_of_its_server_no_agent_measures_it(sealed: Bench) -> None:
    passed(derive(sealed, "--tool", "echo"))
    keys = ("--trust", "trust.json", "--key", "writer.key", "--log", "both", "--once")
    done = attest(sealed.folder, "agent", "server.ref", "child.ref", *keys)
    assert done.returncode == 5
    assert b"a sub-mandate by itself" in done.stderr
    passed(attest(sealed.folder, "agent", "child.ref", *keys))


def test_without_its_parents_it_is_no_reference(sealed: Bench) -> None:
    passed(derive(sealed, "--tool", "echo", out="alone.ref"))
    parents_path(sealed.folder / "alone.ref").unlink()
    keys = ("--trust", "trust.json", "--key", "writer.key", "--log", "alone", "--once")
    assert attest(sealed.folder, "agent", "alone.ref", *keys).returncode == 6
    assert TRUST is not MANDATES
