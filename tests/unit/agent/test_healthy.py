"""A healthy server never alarms: what installers and administrators do to a tree, each once a false alarm."""

from __future__ import annotations

import compileall
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from attest.statement.findings import FindingKind
from attest.statement.states import State
from tests.installed import make_bench
from tests.watching import Watch, kinds, make_watch


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """A wheel that is installed and compiled, as pip does it."""
    made = make_watch(make_bench(tmp_path), monkeypatch)
    compileall.compile_dir(made.bench.tree, quiet=1)
    return made


def copied(tree: Path) -> Path:
    """Copy a tree without its times, as `cp -r` does and builds of images do."""
    return Path(shutil.copytree(tree, tree.with_name("copy"), copy_function=shutil.copyfile))


def touched(tree: Path) -> Path:
    """Set the times of the sources anew, as `git checkout` and `rsync` without `-t` do."""
    for source in tree.rglob("*.py"):
        os.utime(source, (1, 1))
    return tree


def moved(tree: Path) -> Path:
    """Move a tree once it is compiled, as `pip install --target` does."""
    return tree.rename(tree.with_name("target"))


@pytest.mark.parametrize("change", [copied, touched, moved])
def test_a_compiled_tree_that_is_copied_touched_or_moved_matches(watch: Watch, change: Callable[[Path], Path]) -> None:
    reference = watch.bench.write(watch.bench.seal())
    place = change(watch.bench.tree)
    assert kinds(watch.once(reference, places={"tree": place})) == []


def test_a_start_that_was_killed_while_it_compiled_leaves_no_alarm(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    (compiled,) = watch.bench.tree.glob("tiny_server/__pycache__/tools.*.pyc")
    compiled.rename(f"{compiled}.140234567890123")
    assert kinds(watch.once(reference)) == []


def test_byte_code_of_a_source_that_is_being_written_is_not_called_poisoned(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    with (watch.bench.tree / "tiny_server/tools.py").open("r+b"):
        reported = watch.once(reference)
    assert reported.cycle.state is State.UNKNOWN
    assert set(kinds(reported)) == {FindingKind.UNSTABLE, FindingKind.UNDERIVABLE}
