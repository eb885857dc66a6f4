"""`attest revoke`: what it writes is what `--revocations` reads, and nothing is lost or signed by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.codec import instant
from attest.statement.predicates.runtime_revocation import Revoked
from attest.trust.making import write_trust
from attest.trust.revocations import Revocations, load_revocations
from tests.commands import attest, failed, passed
from tests.documents import REFERENCE_DIGEST, REFERENCE_ENVELOPE
from tests.installed import make_bench
from tests.world import NOW, SEALER, TRUST, WRITER, make_trust_file, write_key_pair


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.ref").write_bytes(REFERENCE_ENVELOPE + b"\n")
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    for name, key in (("sealer", SEALER), ("writer", WRITER)):
        write_key_pair(tmp_path, name, key)
    return tmp_path


def revoke(folder: Path, *words: str, key: str = "sealer", out: str = "out") -> None:
    passed(attest(folder, "revoke", *words, "--key", f"{key}.key", "-o", out))


def read(folder: Path, *names: str) -> Revocations:
    return load_revocations([folder / name for name in names or ("out",)], TRUST)


@pytest.mark.parametrize("what", ["server.ref", f"sha256:{REFERENCE_DIGEST}"])
def test_a_reference_is_revoked_by_its_file_or_digest(folder: Path, what: str) -> None:
    revoke(folder, what, "--from", "2026-11-22T12:00:00Z", "--reason", "found changed")
    void = read(folder).of_reference(REFERENCE_DIGEST, ())
    assert void is not None
    assert (void.since, void.revocation.reason) == (NOW, "found changed")


def test_a_key_is_revoked_by_a_sealer_or_by_itself(folder: Path) -> None:
    revoke(folder, "writer.key.pub")
    revoke(folder, "writer.key.pub", "--trust", "trust.json", key="writer", out="own")
    for name in ("out", "own"):
        (revocation,) = read(folder, name).all
        assert (revocation.kind, revocation.digest) == (Revoked.KEY, WRITER.keyid)


def test_a_list_takes_up_what_is_known_and_is_as_of_now(folder: Path) -> None:
    revoke(folder, "server.ref")
    revoke(folder, "writer.key.pub", key="writer", out="own")
    revoke(folder, "--list", "--trust", "trust.json", "--known", "out", "--known", "own", out="list")
    both = read(folder, "list")
    assert {each.digest for each in both.all} == {REFERENCE_DIGEST, WRITER.keyid}
    first = both.known_at(2**50)
    assert first is not None
    revoke(folder, "--list", "--trust", "trust.json", "--known", "list", out="list")
    again = read(folder, "list")
    assert again.all == both.all
    assert (again.known_at(2**50) or 0) >= first
    assert (folder / "list").read_bytes().count(b"\n") == 1


def test_a_list_of_nothing_can_be_signed(folder: Path) -> None:
    revoke(folder, "--list")
    found = read(folder)
    assert found.all == ()
    assert found.known_at(2**50) is not None


def test_standard_output_gets_the_very_line(folder: Path) -> None:
    line = passed(attest(folder, "revoke", "server.ref", "--key", "sealer.key", "-o", "-"))
    (folder / "out").write_bytes(line)
    assert len(read(folder).all) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("server.ref", "--known", "out"), 2),
        (("--list", "--known", "out"), 2),
        (("--list", "--reason", "why"), 2),
        (("server.ref", "--reason", "two\nlines"), 3),
        (("trust.json",), 3),
        (("nothing.here",), 6),
        (("sha512:00",), 6),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(
    folder: Path, words: tuple[str, ...], code: int
) -> None:
    assert attest(folder, "revoke", *words, "--key", "sealer.key", "-o", "new").returncode == code
    assert not (folder / "new").exists()


def test_what_nobody_would_take_for_a_revocation_is_not_signed(folder: Path) -> None:
    words = ("--trust", "trust.json", "--key", "writer.key", "-o", "new")
    for what in (("server.ref",), ("sealer.key.pub",), ("--list",), ("writer.key.pub", "--list")):
        assert attest(folder, "revoke", *what, *words).returncode == 4
    assert not (folder / "new").exists()


def test_a_revocation_is_never_overwritten_by_another(folder: Path) -> None:
    revoke(folder, "server.ref")
    before = (folder / "out").read_bytes()
    done = attest(folder, "revoke", "writer.key.pub", "--key", "sealer.key", "-o", "out")
    assert done.returncode == 5
    assert (folder / "out").read_bytes() == before


def test_the_trust_file_says_how_old_a_list_may_be(folder: Path) -> None:
    words = ("trust", "new", "t.json", "--sealer", "sealer.key.pub", "--max-revocation-age", "172800")
    passed(attest(folder, *words))
    assert b"revocations no older than 172800 s" in passed(attest(folder, "trust", "show", "t.json"))


def test_the_time_it_is_void_from_is_in_the_wire_form(folder: Path) -> None:
    revoke(folder, "server.ref")
    (revocation,) = read(folder).all
    assert instant.text(instant.parse(revocation.void_from)) == revocation.void_from


def test_verify_heeds_the_files_and_adds_them_up(folder: Path) -> None:
    words = ("verify", "server.ref", "--trust", "trust.json", "--format", "json", "--at", "2026-11-22T12:30:00Z")
    passed(attest(folder, "revoke", "--list", "--key", "sealer.key", "-o", "list"))
    revoke(folder, "server.ref", "--from", "2026-11-22T12:00:00Z")
    assert failed(attest(folder, *words, "--revocations", "list")).isdisjoint({"authenticity.revocation"})
    both = failed(attest(folder, *words, "--revocations", "list", "--revocations", "out"))
    assert "authenticity.revocation" in both


def test_a_file_that_is_no_revocation_is_the_callers_mistake_and_no_verdict(folder: Path) -> None:
    revoke(folder, "server.ref", key="writer")
    words = ("verify", "server.ref", "--trust", "trust.json", "--revocations")
    assert attest(folder, *words, "out").returncode == 4
    assert attest(folder, *words, "trust.json").returncode == 3
    assert attest(folder, *words, "nothing.here").returncode == 6


def test_the_agent_heeds_the_files(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    sealed = bench.seal()
    bench.write(sealed)
    (tmp_path / "trust.json").write_bytes(write_trust(make_trust_file()))
    for name, key in (("sealer", SEALER), ("writer", WRITER)):
        write_key_pair(tmp_path, name, key)
    words = ("agent", "server.ref", "--trust", "trust.json", "--key", "writer.key", "--log", "log", "--once")
    passed(attest(tmp_path, *words))
    revoke(tmp_path, "server.ref", "--reason", "found changed")
    done = attest(tmp_path, *words, "--revocations", "out")
    assert done.returncode == 1
    assert b"revoked reference" in done.stdout
    assert b"found changed" in done.stdout
