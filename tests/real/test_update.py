"""A real update in place, by pip and by uv, between two sealed references, measured all the while: never drift."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attest.agent.keeping import Reported
from attest.agent.starting import AgentRequest, open_agent
from attest.seal.request import Rules, Tree
from attest.statement.states import State
from tests.launches import make_launch_bench
from tests.real.installers import PIP, UV, done
from tests.watching import kinds
from tests.wheels import make_wheel

pytestmark = [pytest.mark.slow, pytest.mark.installs]
DAY = 86_400_000
MODULES = 150


def by_pip(folder: Path, environment: Path, wheel: Path) -> None:
    done(folder, *PIP, "--python", environment / "bin/python", "install", "-q", "--no-deps", "--force-reinstall", wheel)


def by_uv(folder: Path, environment: Path, wheel: Path) -> None:
    done(folder, UV, "pip", "install", "-q", "--no-deps", "--compile-bytecode", "-p", environment / "bin/python", wheel)


def package(folder: Path, version: int) -> Path:
    """A wheel of many modules, so that installing it takes a while."""
    modules = {f"big/m{number}.py": f"V, X = {version}, {number}\n".encode() for number in range(MODULES)}
    return make_wheel(folder, {**modules, "big/__init__.py": b""}, f"big-{version}.0")


@pytest.mark.parametrize("install", [by_pip, by_uv])
def test_an_update_between_two_sealed_versions_is_never_drift(
    tmp_path: Path, install: Callable[[Path, Path, Path], None]
) -> None:
    bench = make_launch_bench(tmp_path)
    environment = tmp_path / "environment"
    done(tmp_path, sys.executable, "-m", "venv", "--without-pip", environment)
    now = time.time_ns() // 1_000_000

    def seal(version: int, **changes: Any) -> Path:
        wheel = package(tmp_path, version)
        install(tmp_path, environment, wheel)
        trees, rules = (Tree(name="tree", path=environment),), Rules(not_after=now + DAY)
        given: dict[str, Any] = {
            "trees": trees,
            "artifacts": (wheel,),
            "evidence": (),
            "allow_site": ("*",),
            "rules": rules,
        }
        return bench.write(bench.seal(**given, name="big", at=now, **changes), f"{version}.ref")

    old = seal(1)
    references = (old, seal(2, supersedes=(old,)))
    seen: list[Reported] = []
    request = AgentRequest(
        references=references,
        trust=tmp_path / "trust.json",
        key=tmp_path / "writer.key",
        log=tmp_path / "log",
        places={},
    )
    with open_agent(request, seen.append) as run:
        run._start()
        for version in (1, 2, 1, 2):
            updating = threading.Thread(target=install, args=(tmp_path, environment, package(tmp_path, version)))
            updating.start()
            while updating.is_alive():
                run._cycle()
            run._cycle()
            assert seen[-1].cycle.state is State.MATCH
            assert seen[-1].server.path == references[version - 1]
    other = [each for each in seen if each.cycle.state is not State.MATCH]
    assert [kinds(each) for each in other if each.cycle.state is State.DRIFT] == []
    print(f"{len(seen)} looks, {len(other)} of them in the middle of an update")
