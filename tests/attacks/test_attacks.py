"""Every attack of the table on a real Python and a real Node server, each beside a benign twin that must not alarm."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from attest.statement.states import State
from tests.attacks.entry_hash import hash_entry, is_fooled
from tests.attacks.observing import observe, verify
from tests.attacks.scene import Scene
from tests.attacks.soaking import soak
from tests.attacks.table import BOTH, ROWS, Row
from tests.attacks.talking import Talk
from tests.attacks.victims import Victim, install

pytestmark = [pytest.mark.network, pytest.mark.slow]

SELDOM = pytest.mark.installs
"""`make test` tries most attacks, on Python alone: node, a program of a hundred megabytes, is for `make installs`."""
MARKS = {"time": (), "filesystem": (SELDOM,)}
CYCLES = 2_000
"""Some minutes each."""
VICTIMS = [pytest.param(name, id=name, marks=MARKS[name]) for name in BOTH]
CASES = [
    pytest.param(row, name, id=f"{row.name}-{name}", marks=(SELDOM,) if row.launched or row.seldom else MARKS[name])
    for name in BOTH
    for row in ROWS
    if name in row.on
]
NO_MEASUREMENT = {"build-link.reference", "conformance.measured", "freshness.age"}
"""What it has against a log in which nothing ever matched."""
RUNTIME = {"conformance.matched", "conformance.runtime"}
"""What `attest verify` has against a violation, the second where the process does not run on the sealed runtime."""


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Victim]:
    """What is installed and sealed when it is first asked for."""
    made: dict[str, Victim] = {}

    def victim(name: str) -> Victim:
        if name == "filesystem" and shutil.which("npm") is None:
            pytest.skip("needs node and npm")
        if name not in made:
            made[name] = install(name, tmp_path_factory)
        return made[name]

    return victim


@pytest.fixture(scope="module")
def servers(victims: Callable[[str], Victim]) -> Iterator[Callable[[str], Talk]]:
    """Running servers that tests share; each is started when it is first asked for."""
    with ExitStack() as stack:
        running: dict[str, Talk] = {}

        def server(name: str) -> Talk:
            if name not in running:
                running[name] = stack.enter_context(victims(name).running())
            return running[name]

        yield server


@pytest.mark.parametrize("name", VICTIMS)
def test_an_honest_start_matches(name: str, victims, tmp_path: Path) -> None:
    victim = victims(name)
    with victim.running() as talk:
        seen = observe(victim, tmp_path / "log", talk.pid)
    assert [each.state for each in seen] == [State.MATCH], seen[0].text
    assert verify(victim, tmp_path / "log").passed


@pytest.mark.parametrize(
    ("name", "cycles"),
    [
        pytest.param("time", 50, id="time-50"),
        *(pytest.param(name, CYCLES, id=f"{name}-{CYCLES}", marks=SELDOM) for name in BOTH),
    ],
)
def test_from_its_first_start_on_a_server_under_load_never_alarms(name: str, cycles: int, victims, tmp_path) -> None:
    victim = victims(name)
    soaked = soak(victim, tmp_path / "log", cycles)
    if victim.is_python:
        shutil.rmtree(victim.module.parent / "__pycache__")
    assert soaked.alarms == ()
    verdict = verify(victim, tmp_path / "log")
    assert (verdict.passed, verdict.measurements) == (True, soaked.cycles)
    print(f"{name}: {soaked.cycles} cycles, {soaked.calls} calls, no alarm")


@pytest.mark.parametrize(("row", "name"), CASES)
def test_an_attack_is_found_and_its_twin_is_not(row: Row, name: str, victims, servers, tmp_path: Path) -> None:
    if (why := row.hindrance()) is not None:
        pytest.skip(why)
    victim = victims(name)
    (tmp_path / "marks").mkdir()
    sealed = hash_entry(victim.entry, victim.executable)
    with ExitStack() as stack:
        scene = Scene(victim=victim, folder=tmp_path.resolve(), stack=stack, shared=lambda: servers(name))
        *before, last = row.play(scene)
        assert row.once or is_fooled(sealed, victim.entry, victim.executable), (
            "a hasher of entry files would have seen it, too"
        )
    assert {seen.state for seen in before} <= {State.MATCH}, [seen.text for seen in before]
    assert last.state is row.state, last.text
    assert row.is_found_by(last.kinds), last.text
    verdict = verify(victim, scene.log)
    if not row.launched:
        # A launched one ends of its own accord, some cycles later.
        assert verdict.measurements == len(before) + (not row.found)
        assert verdict.violations == bool(row.found)
    assert (verdict.violations > 0) == bool(row.found)
    assert verdict.passed == (not row.found)
    failed = verdict.failed - (NO_MEASUREMENT if not before else set())
    assert failed in ([{"conformance.matched"}, RUNTIME] if row.found else [set()])
