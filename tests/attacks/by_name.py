"""Attacks by the words of a command alone: the file that is sealed, by a name that makes something else of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.scene import Scene
from tests.attacks.talking import Talk


@contextmanager
def with_another_script(scene: Scene) -> Iterator[Talk]:
    """Spell the way to another script so that it is the sealed one's to whoever takes each `..` out of its text."""
    victim = scene.victim
    link, deep = scene.folder / "link", scene.folder / "other"
    deep = deep.joinpath(*["deep"] * (len(link.parts) - 1))
    deep.mkdir(parents=True)
    link.symlink_to(deep)
    other = scene.folder / "other" / victim.entry.relative_to("/")
    other.parent.mkdir(parents=True)
    runs = f"import runpy\nrunpy.run_path({str(victim.entry)!r}, run_name='__main__')"
    other.write_text(scene.marking() + runs)
    way = "/".join([str(link), *[".."] * (len(link.parts) - 1), str(victim.entry).removeprefix("/")])
    with _running(scene, victim.executable, way) as talk:
        yield talk


@contextmanager
def in_another_environment(scene: Scene) -> Iterator[Talk]:
    """Start the sealed program by a link to it: it takes its packages from the environment in which the link lies."""
    program = _environment(scene)
    program.symlink_to(scene.victim.executable)
    with _running(scene, program, *scene.victim.command) as talk:
        yield talk


@contextmanager
def by_a_link_to_the_environment(scene: Scene) -> Iterator[Talk]:
    """Start the sealed program through a link to the very environment that is sealed."""
    link = scene.folder / "alias"
    link.symlink_to(scene.victim.tree)
    program = link / scene.victim.executable.relative_to(scene.victim.tree)
    with scene.victim.running(command=(str(program), *scene.victim.command)) as talk:
        yield talk


@contextmanager
def by_a_second_name(scene: Scene) -> Iterator[Talk]:
    """Give the sealed program a second name, a hard link: it takes its packages from beside that one."""
    program = _environment(scene)
    program.hardlink_to(scene.victim.executable)
    with _running(scene, program, *scene.victim.command) as talk:
        yield talk


def _environment(scene: Scene) -> Path:
    """Make an environment in which everything sealed is found, after what leaves the mark; return its program."""
    tree, other = scene.victim.tree, scene.folder / "other"
    (sealed,) = tree.glob("lib/python*/site-packages")
    packages = other / sealed.relative_to(tree)
    packages.mkdir(parents=True)
    (packages / "other.pth").write_text(f"import sys; open({str(scene.mark)!r}, 'w').close()\n{sealed}\n")
    shutil.copy2(tree / "pyvenv.cfg", other)
    program = other / scene.victim.executable.relative_to(tree)
    program.parent.mkdir()
    return program


@contextmanager
def _running(scene: Scene, *command: str | os.PathLike[str]) -> Iterator[Talk]:
    with scene.victim.running(command=tuple(map(str, command))) as talk:
        assert scene.mark.exists()
        yield talk
