"""Byte code that earlier runs left is used again, as long as it is what its source makes; nothing else ever runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from attest.agent.launching.byte_code import Sealed, look_at_byte_code
from attest.agent.launching.kept_code import FILES, FOLDER, LIST, PAYLOAD, Judgements, KeptCode
from attest.agent.launching.library import library_of
from attest.codec import canonical, strict
from attest.codec.octets import sha256_hex
from attest.measure import compiler
from attest.measure.bytecode import judgement
from attest.measure.deriver import Deriver
from attest.measure.tree import look_at_roots
from attest.signing.dsse import Envelope, encode_envelope, read_envelope, sign_envelope
from attest.signing.keys import PrivateKey
from attest.statement.manifest import Root, Scope
from tests.installed import Bench
from tests.launches import PYTHON, make_launch_bench, seal_script, start_run, story
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.world import NOW, SEALER, WRITER

EXACT = Root(name="tree", scope=Scope.EXACT, mutable=())
LIBRARY = library_of(PYTHON, os.geteuid())
MODULE = "tiny.py"
GOOD = "VALUE = 'good'\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / MODULE).write_text(GOOD)
    return tmp_path / "tree"


@pytest.fixture
def log(tree: Path, tmp_path: Path) -> Path:
    """A log directory beside which a first run kept what it compiled, of the tree and of the library."""
    place = compiled(tree, tmp_path / "first", "import tiny, textwrap")
    (tmp_path / "log").mkdir()
    deriver = Deriver(workers=1)
    looked = look_at_byte_code(str(place), sealed(tree), LIBRARY, deriver, lambda: NOW)
    assert looked.findings == ()
    KeptCode(tmp_path / "log", WRITER).keep(looked, deriver.judgements)
    return tmp_path / "log"


def compiled(tree: Path, place: Path, program: str) -> Path:
    """Run a program that imports from the tree, and return where its byte code lies."""
    environment = {"PYTHONPYCACHEPREFIX": str(place), "PYTHONPATH": str(tree)}
    subprocess.run([PYTHON, "-c", program], check=True, env=environment)
    return place


def sealed(tree: Path) -> Sealed:
    """Return the tree as one whose module is sealed as it is now."""
    seen = look_at_roots({"tree": str(tree)}, (EXACT,), {}, clock_ms=lambda: NOW)
    known = {key: item.sha256 for key, item in seen.files.items() if item.sha256 and key[1] == MODULE}
    return Sealed(observations=(seen,), known=known, derived=frozenset())


def laid_out(log: Path, tree: Path, place: Path) -> dict[str, bytes]:
    """Return what a next run lays out, by path."""
    place.mkdir()
    KeptCode(log, WRITER).lay_out(str(place), sealed(tree), LIBRARY, lambda: NOW)
    return contents(place)


def contents(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def of_module(place: Path) -> Path:
    (path,) = place.rglob("tiny.*.pyc")
    return path


def test_what_followed_is_laid_out_at_the_next_start(log: Path, tree: Path, tmp_path: Path) -> None:
    found = laid_out(log, tree, tmp_path / "second")
    assert found == contents(tmp_path / "first")
    assert len(found) > 1


def test_what_followed_is_not_compiled_again(
    log: Path, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out(log, tree, tmp_path / "second")
    monkeypatch.setattr(compiler, "_run", lambda *_: None)
    for judgements, number in (
        (KeptCode(log, WRITER).judgements, 0),
        (frozenset[str](), len(contents(log / FOLDER)) - 1),
    ):
        deriver = Deriver(workers=1)
        deriver.believe(judgements)
        looked = look_at_byte_code(str(tmp_path / "second"), sealed(tree), LIBRARY, deriver, lambda: NOW)
        assert len(looked.findings) == number
        assert deriver.judgements == judgements


def poison(log: Path) -> None:
    """Change one letter of a constant in the byte code that is kept; its header stays."""
    path = of_module(log)
    path.write_bytes(path.read_bytes().replace(b"good", b"evil"))


def poison_and_sign(key: PrivateKey) -> Callable[[Path], None]:
    """Return how to poison byte code and to add to the list that it follows, signed by a key."""

    def play(log: Path) -> None:
        poison(log)
        rewrite(log, lambda told: sign_envelope(canonical.encode(with_evil(log, told)), key, payload_type=PAYLOAD))

    return play


def poison_and_keep_the_signature(log: Path) -> None:
    poison(log)
    envelope = read_envelope((log / FOLDER / LIST).read_bytes(), where="list")
    rewrite(
        log,
        lambda told: Envelope(
            payload=canonical.encode(with_evil(log, told)),
            payload_type=PAYLOAD,
            signatures=envelope.signatures,
        ),
    )


def with_evil(log: Path, told: Judgements) -> Judgements:
    evil = judgement(sha256_hex(GOOD.encode()), sha256_hex(of_module(log).read_bytes()), 0)
    return Judgements(version=told.version, follow=tuple(sorted((*told.follow, evil))))


def rewrite(log: Path, make: Callable[[Judgements], Envelope]) -> None:
    path = log / FOLDER / LIST
    told = strict.read(read_envelope(path.read_bytes(), where="list").payload, Judgements, where="list")
    path.write_bytes(encode_envelope(make(told)))


def link(log: Path) -> None:
    path = of_module(log)
    path.rename(log / "elsewhere")
    path.symlink_to(log / "elsewhere")


def move(log: Path) -> None:
    """Lay good byte code where that of another module belongs."""
    next((log / FOLDER / FILES).rglob("textwrap.*.pyc")).replace(of_module(log))


def cut(log: Path) -> None:
    path = of_module(log)
    path.write_bytes(path.read_bytes()[:-1])


POISONED: dict[str, Callable[[Path], None]] = {
    "other code": poison,
    "other code, and a list that somebody changed": poison_and_keep_the_signature,
    "other code, and a list that somebody else signed": poison_and_sign(SEALER),
    "a link": link,
    "the code of another module": move,
    "half a file": cut,
}


@pytest.mark.parametrize("name", POISONED)
def test_what_does_not_follow_is_never_laid_out_and_is_removed(
    log: Path, tree: Path, tmp_path: Path, name: str
) -> None:
    POISONED[name](log)
    found = laid_out(log, tree, tmp_path / "second")
    assert not [path for path in found if "tiny" in path]
    assert not list(log.rglob("tiny.*.pyc"))


def test_a_list_that_counts_would_have_let_it_through(log: Path, tree: Path, tmp_path: Path) -> None:
    """What the attacks above fail at is the signature alone."""
    poison_and_sign(WRITER)(log)
    laid_out(log, tree, tmp_path / "second")
    assert b"evil" in of_module(tmp_path / "second").read_bytes()


def test_byte_code_of_a_source_that_changed_is_not_laid_out(log: Path, tree: Path, tmp_path: Path) -> None:
    (tree / MODULE).write_text(GOOD.replace("good", "new!"))
    assert "tiny" not in " ".join(laid_out(log, tree, tmp_path / "second"))


@pytest.mark.parametrize("version", ["0.0.1", "9.0"])
def test_what_another_version_judged_is_judged_again(log: Path, tree: Path, tmp_path: Path, version: str) -> None:
    def other(told: Judgements) -> Envelope:
        made = Judgements(version=version, follow=told.follow)
        return sign_envelope(canonical.encode(made), WRITER, payload_type=PAYLOAD)

    rewrite(log, other)
    assert laid_out(log, tree, tmp_path / "second") == {}


def test_a_place_that_cannot_be_written_stops_nothing(tree: Path, tmp_path: Path) -> None:
    place = compiled(tree, tmp_path / "first", "import tiny")
    deriver = Deriver(workers=1)
    looked = look_at_byte_code(str(place), sealed(tree), LIBRARY, deriver, lambda: NOW)
    (tmp_path / "log").write_text("no directory")
    kept = KeptCode(tmp_path / "log", WRITER)
    kept.keep(looked, deriver.judgements)
    kept.lay_out(str(tmp_path / "first"), sealed(tree), LIBRARY, lambda: NOW)
    assert kept.judgements == frozenset()


TELLING = """
import os, pathlib, sys
place = pathlib.Path(os.environ["PYTHONPYCACHEPREFIX"])
print(len([*place.rglob("tools.*.pyc")]), flush=True)
import tiny_server.tools
sys.stdin.readline()
"""
"""Says whether it finds byte code of a module that it then imports, and waits."""


def start_twice(bench: Bench, between: Callable[[Path], None] = lambda _: None) -> tuple[str, str]:
    """Start a server until its byte code is kept, and again; return what it found either time."""
    found = []
    for _ in range(2):
        process = start_run(bench)
        assert process.stdout is not None
        found.append(process.stdout.readline().decode().strip())
        wait_until(lambda: (bench.folder / "log" / FOLDER / LIST).exists() and kept_module(bench) != [])
        _, err = process.communicate(b"\n", timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, err.decode()
        between(bench.folder / "log")
    assert "runtime-violation" not in story(bench)
    return found[0], found[1]


def kept_module(bench: Bench) -> list[Path]:
    return list((bench.folder / "log" / FOLDER / FILES).rglob("tools.*.pyc"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = make_launch_bench(tmp_path)
    seal_script(made, TELLING, cycle=1)
    return made


def test_the_second_start_finds_byte_code_ready_made(bench: Bench) -> None:
    assert start_twice(bench) == ("0", "1")


def test_a_poisoned_file_is_compiled_anew_and_no_finding(bench: Bench) -> None:
    def poison_module(_log: Path) -> None:
        (path,) = kept_module(bench)
        path.write_bytes(path.read_bytes().replace(b"echo", b"evil"))

    assert start_twice(bench, between=poison_module) == ("0", "0")


def test_what_comes_after_the_last_look_at_a_server_is_kept_at_its_end(bench: Bench) -> None:
    late = TELLING.replace("import tiny_server.tools", "sys.stdin.readline(); import tiny_server.tools")
    seal_script(bench, late, cycle=3600, max_gap=3600)
    assert [told_before_its_end(bench, measurements) for measurements in (2, 4)] == [b"0\n", b"1\n"]


def told_before_its_end(bench: Bench, measurements: int) -> bytes:
    """Start a server, have it go on once there are so many measurements, and return what it found."""
    process = start_run(bench)
    assert process.stdout is not None
    found = process.stdout.readline()
    wait_until(lambda: story(bench).count("runtime-measurement") >= measurements)
    _, err = process.communicate(b"\n\n", timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, err.decode()
    return found
