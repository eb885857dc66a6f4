"""Attacks on a server that `attest run` starts: before it is verified, and between that and its start."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from attest.agent.keeping import Reported
from attest.agent.launching.launch import open_launch
from attest.errors import UnavailableError
from tests.attacks.entry_hash import hash_entry
from tests.attacks.observing import Seen, request_of
from tests.attacks.on_start import poisoned
from tests.attacks.scene import Scene


def nothing(_scene: Scene) -> None:
    """Leave everything as it is."""


@dataclass(frozen=True, kw_only=True)
class Launched:
    """Something is done before the launcher looks, or after it has looked and before it starts; then two cycles."""

    before: Callable[[Scene], None] = nothing
    between: Callable[[Scene], None] = nothing
    runs: bool
    """Whether the attacker's code runs, if only until the next cycle."""
    starts: bool = True
    """Whether the server is started."""

    refused: str | None = None
    """What the launcher says if it does not start what it was to start."""

    def __call__(self, scene: Scene) -> Sequence[Seen]:
        """Verify, start, measure once more; the server ends because its standard input does."""
        seen: list[Seen] = []
        running: list[tuple[str, ...]] = []
        sealed = hash_entry(scene.victim.executable)
        self.before(scene)
        with _standard_input() as end:

            def report(reported: Reported) -> None:
                seen.append(Seen.of(reported.cycle))
                if len(seen) == 1:
                    self.between(scene)
                elif len(seen) == 2:
                    assert launch.child is not None
                    running.append(hash_entry(Path(f"/proc/{launch.child.watched.pid}/exe")))
                    end()

            with open_launch(request_of(scene.victim, scene.log, None), (), report) as launch:
                if self.refused is None:
                    launch.until_ended()
                else:
                    with pytest.raises(UnavailableError, match=self.refused):
                        launch.until_ended()
        assert running[:1] == ([sealed] if self.starts else []), "what was verified is what is executed"
        assert scene.mark.exists() == self.runs
        return seen[:2]


@contextmanager
def _standard_input() -> Iterator[Callable[[], None]]:
    """Give the server a standard input that ends when it is told to, and an output that nobody reads."""
    kept = [os.dup(number) for number in (0, 1)]
    read, write = os.pipe()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(read, 0)
    os.dup2(nowhere, 1)
    left = [write]
    for each in (read, nowhere):
        os.close(each)

    def end() -> None:
        while left:
            os.close(left.pop())

    try:
        yield end
    finally:
        end()
        for number, each in enumerate(kept):
            os.dup2(each, number)
            os.close(each)


def set_variables(scene: Scene) -> None:
    """Have the caller's environment load a library, and a script before the server."""
    library = scene.compiled("preloaded.c", "evil.so", "-shared", "-fPIC", f'-DMARK="{scene.mark}"')
    script = scene.folder / ("sitecustomize.py" if scene.victim.is_python else "before.mjs")
    script.write_text(scene.marking())
    given = {"LD_PRELOAD": str(library), "PYTHONPATH": str(scene.folder), "NODE_OPTIONS": f"--import {script}"}
    for name, value in given.items():
        before = os.environ.get(name)
        os.environ[name] = value
        scene.stack.callback(os.environ.pop, name)
        if before is not None:
            scene.stack.callback(os.environ.__setitem__, name, before)


def poison_byte_code(scene: Scene) -> None:
    """Lay byte code in the tree that CPython would take for the module's."""
    cached = Path(importlib.util.cache_from_source(str(scene.victim.module)))
    scene.stack.callback(shutil.rmtree, cached.parent)
    cached.parent.mkdir()
    cached.write_bytes(poisoned(scene))


def change_module(scene: Scene) -> None:
    """Change a module."""
    module = scene.victim.module
    scene.keep(module)
    with module.open("a") as file:
        file.write(scene.marking())


def change_program(scene: Scene) -> None:
    """Rename a changed program over the sealed one."""
    program = scene.victim.executable
    aside = program.rename(scene.folder / "aside")
    scene.stack.callback(aside.rename, program)
    shutil.copy2(aside, program)
    with program.open("ab") as file:
        file.write(b"evil")
