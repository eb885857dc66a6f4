"""Where an attack takes place: one victim, a folder for what the attacker brings along, and the order of events.

Every attack has a benign twin: something that looks like it, and is none. The twin comes first and must not alarm.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from tests.attacks.observing import Seen, observe
from tests.attacks.talking import Talk
from tests.attacks.victims import Victim, kept

NATIVE = Path(__file__).with_name("native")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One attack on one victim; what is put on `stack` is undone at the end."""

    victim: Victim
    folder: Path
    """The attacker's own, outside what is sealed, below a directory in which everybody may write."""
    stack: ExitStack
    shared: Callable[[], Talk]
    """A server that several attacks have in common, because they do it no harm."""

    @property
    def log(self) -> Path:
        """Where the agent writes."""
        return self.folder / "log"

    @property
    def mark(self) -> Path:
        """What the attacker's code leaves behind once it has run inside of the server."""
        # In a folder of its own: a confined server can make no file beside the agent's log.
        return self.folder / "marks/mark"

    def keep(self, *paths: Path) -> None:
        """Put these files back at the end."""
        self.stack.enter_context(kept(*paths))

    def marking(self) -> str:
        """Return code for the victim's language that leaves the mark."""
        if self.victim.is_python:
            return f"\nopen({str(self.mark)!r}, 'w').close()\n"
        return f'\nimport {{ writeFileSync as mark_ }} from "node:fs";\nmark_("{self.mark}", "");\n'

    def compiled(self, source: str, name: str, *words: str) -> Path:
        """Return a library or program that the attacker brings along, compiled here."""
        if shutil.which("cc") is None:
            pytest.skip("no C compiler at hand")
        out = self.folder / name
        subprocess.run(["cc", "-O1", *words, "-o", out, NATIVE / source], check=True)
        return out


Act = Callable[[Scene, Talk], None]
Start = Callable[[Scene], AbstractContextManager[Talk]]


class Play(Protocol):
    """An order of events; the last cycle is the one that has to find the attack, those before it must find nothing."""

    def __call__(self, scene: Scene) -> Sequence[Seen]:
        """Let it happen."""
        ...


@dataclass(frozen=True, kw_only=True)
class Changed:
    """The server runs and is measured; then something is done to it or to its files. Both acts in one run."""

    attack: Act
    twin: Act
    alone: bool = False
    """It would harm a server that others share."""

    def __call__(self, scene: Scene) -> Sequence[Seen]:
        """Twin, cycle, attack, cycle."""
        talk = scene.stack.enter_context(scene.victim.running()) if self.alone else scene.shared()
        self.twin(scene, talk)
        return observe(scene.victim, scene.log, talk.pid, lambda: self.attack(scene, talk))


@dataclass(frozen=True, kw_only=True)
class Started:
    """The server is started in a bad way, and adopted by the agent afterwards; the twin is another process.

    Without a twin it is the honest start, which is tried once for all.
    """

    attack: Start
    twin: Start | None = None

    def __call__(self, scene: Scene) -> Sequence[Seen]:
        """Start the twin, cycle, start the attacked one, cycle."""
        before: list[Seen] = []
        if self.twin is not None:
            with self.twin(scene) as talk:
                before = observe(scene.victim, scene.log, talk.pid)
            assert not scene.mark.exists()
        with self.attack(scene) as talk:
            return [*before, *observe(scene.victim, scene.log, talk.pid)]
