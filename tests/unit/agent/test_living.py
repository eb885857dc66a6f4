"""Living with an agent: its status, its metrics, and references that are read again while it runs."""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection
from pathlib import Path

import pytest

from attest.agent.board import Board, read_status
from attest.agent.exposition import serving
from attest.agent.metrics import text_of
from attest.errors import RefusedError, UnavailableError
from attest.seal.request import Rules
from attest.statement.findings import FindingKind
from attest.statement.states import State
from attest.trust.making import write_trust
from tests.commands import attest
from tests.installed import Bench, make_bench
from tests.restored import Restored
from tests.revoking import listed, of_reference, single
from tests.unit.agent.test_loop import drive
from tests.waiting import PATIENCE_SECONDS
from tests.watching import Watch, make_watch, states
from tests.world import NOW, SEALER, STRANGER, make_trust_file


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Restored]:
    bench = make_bench(tmp_path_factory.mktemp("living"))
    return bench, Restored(bench.folder)


@pytest.fixture
def watch(made: tuple[Bench, Restored], monkeypatch: pytest.MonkeyPatch) -> Watch:
    bench, restored = made
    restored.again()
    return make_watch(bench, monkeypatch)


def reloading(
    watch: Watch, reference: Path, monkeypatch: pytest.MonkeyPatch, before: object, **changes: object
) -> None:
    """Measure for 30 seconds, change something, reload, measure for 30 more."""
    with watch.running(reference, **changes) as run:
        wait = watch.hands.wait

        def change(milliseconds: int) -> None:
            wait(milliseconds)
            if watch.hands.real == NOW + 25_000:
                before()  # type: ignore[operator]
                run.reload.set()

        monkeypatch.setattr(watch.hands, "wait", change)
        drive(watch, run, monkeypatch, seconds=60)


@pytest.mark.parametrize("window", [None, 6], ids=["a receipt each", "windows"])
def test_a_reload_goes_on_with_the_new_reference_and_the_log_says_so(watch, monkeypatch, window) -> None:
    rules = Rules(window=window)
    bench = watch.bench
    reference = bench.write(bench.seal(rules=rules))

    def reseal() -> None:
        (bench.tree / "more.py").write_bytes(b"MORE = 1\n")
        changes = {"allow_site": ("more.py",), "supersedes": (reference,), "accept_downgrade": "a file of our own"}
        bench.write(bench.seal(rules=rules, at=watch.hands.real, **changes))

    reloading(watch, reference, monkeypatch, reseal)
    assert "reload" in watch.events()
    assert set(states(watch.seen)) == {State.MATCH}
    digests = tuple(dict.fromkeys(each.server.opened.digest for each in watch.seen))
    assert len(digests) == 2
    for digest in digests:
        verdict = watch.verdict(references=(digest,))
        assert verdict.passed, [each for each in verdict.checks if each.status in {"fail", "unproven"}]


def test_a_reload_of_what_cannot_be_trusted_changes_nothing(watch, monkeypatch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    reloading(watch, reference, monkeypatch, lambda: reference.write_bytes(b"{}"))
    assert watch.events() == ["start", *["measurement"] * 7, "stop"]
    assert any(line.startswith("not reloaded: ") for line in watch.told)


@pytest.mark.parametrize("broken", [False, True], ids=["a good trust file", "a broken one"])
def test_a_reload_opens_revocations_by_the_new_trust_file(watch, monkeypatch, broken) -> None:
    sealed = watch.bench.seal()
    reference, file = watch.bench.write(sealed), watch.bench.folder / "revocations.jsonl"
    file.write_bytes(listed())
    trust = make_trust_file(sealers=(SEALER, STRANGER))

    def change() -> None:
        (watch.bench.folder / "trust.json").write_bytes(b"{}" if broken else write_trust(trust))
        file.write_bytes(single(of_reference(sealed.digest, since=NOW), key=STRANGER))

    reloading(watch, reference, monkeypatch, change, revocations=(file,))
    found = {finding.kind for each in watch.seen[3:] for finding in each.cycle.findings.findings}
    assert found == {FindingKind.REVOCATIONS_STALE if broken else FindingKind.REVOKED}
    assert ("reload" in watch.events()) is not broken
    assert any(line.startswith("not reloaded: ") for line in watch.told) is broken


def test_a_reload_by_a_trust_file_without_our_key_changes_nothing(watch, monkeypatch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    trust = write_trust(make_trust_file(writers=(STRANGER,)))
    reloading(watch, reference, monkeypatch, lambda: (watch.bench.folder / "trust.json").write_bytes(trust))
    assert set(states(watch.seen)) == {State.MATCH}
    assert any("a writer key of the trust file" in line for line in watch.told)


def test_the_status_of_a_running_agent_stands_beside_its_log(watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    board = Board(log=watch.log, began_at=NOW)
    with watch.running(reference) as run:
        run._start()
        run._cycle()
        (watch.bench.tree / "stray.pth").write_bytes(b"")
        run._cycle()
        for reported in watch.seen:
            board.take(reported)
        board.write()
        status = read_status(watch.log)
        (server,) = status.servers
    assert (status.pid, server.name, server.state) == (os.getpid(), "tiny-server", State.DRIFT)
    assert (server.cycles, server.not_matching, server.finding) == (2, 1, "extra tree/stray.pth")
    board.remove()
    with pytest.raises(UnavailableError):
        read_status(watch.log)


def test_a_status_that_a_crash_left_behind_is_none(watch) -> None:
    watch.log.mkdir()
    told = json.loads(b'{"beganAt":"2026-11-22T12:00:00.000Z","log":"/log","pid":4194303,"servers":[]}')
    (watch.log / "status.json").write_bytes(json.dumps(told, separators=(",", ":")).encode() + b"\n")
    with pytest.raises(UnavailableError, match="crashed"):
        read_status(watch.log)


def test_without_an_agent_the_status_says_so_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    for name, found in (("log", b"found none, or one in its first cycle"), ("other", b"found no such folder")):
        done = attest(tmp_path, "agent", "--status", "--log", name)
        assert done.returncode == 6
        assert b"expected the log of a running agent, " + found in done.stderr
        assert f"hint: start one: attest agent REF... --log {name}".encode() in done.stderr


def test_the_status_is_asked_for_without_keys(watch) -> None:
    board = Board(log=watch.log, began_at=NOW)
    board.take(watch.once(watch.bench.write(watch.bench.seal())))
    board.write()
    done = attest(watch.bench.folder, "agent", "--status", "--log", "log")
    assert done.returncode == 0, done.stderr
    assert b"MATCH   tiny-server" in done.stdout


def fetch(address: str, path: str) -> tuple[int, str]:
    connection = HTTPConnection(address, timeout=PATIENCE_SECONDS)
    connection.request("GET", path)
    answer = connection.getresponse()
    told = answer.read().decode()
    connection.close()
    return answer.status, told


def test_metrics_are_what_prometheus_reads(watch) -> None:
    board = Board(log=watch.log, began_at=NOW)
    board.take(watch.once(watch.bench.write(watch.bench.seal())))
    with serving("0", lambda: text_of(board.status())) as address:
        assert address.startswith("127.0.0.1:")
        assert fetch(address, "/other")[0] == 404
        code, told = fetch(address, "/metrics")
    assert code == 200
    assert 'attest_state{server="tiny-server",version="1.0",state="match"} 1\n' in told
    assert 'attest_state{server="tiny-server",version="1.0",state="drift"} 0\n' in told
    assert f'attest_measured_timestamp_seconds{{server="tiny-server",version="1.0"}} {NOW // 1000}\n' in told
    assert 'attest_cycles_total{server="tiny-server",version="1.0"} 1\n' in told


@pytest.mark.parametrize("address", ["host.example:9", "127.0.0.1", "x", "127.0.0.1:x", "[::1]:9"])
def test_metrics_at_no_numeric_address_are_refused(watch, address: str) -> None:
    board = Board(log=watch.log, began_at=NOW)
    with pytest.raises(RefusedError), serving(address, lambda: text_of(board.status())):
        pass
