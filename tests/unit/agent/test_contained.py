"""A server in a container, a snap or a unit with its own mounts: its paths are those that it sees, and no alarm."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from attest.statement.companions import manifest_path
from attest.statement.findings import FindingKind
from attest.statement.manifest import read_manifest
from tests.installed import make_bench
from tests.mounts import contained, until_executed
from tests.processes import CAT, needs_root, started
from tests.runtimes import library_of
from tests.unit.agent.test_composed import ARGUMENTS, Place, made, running
from tests.unit.agent.test_composed import place as composed
from tests.watching import kinds, make_watch

__all__ = ["composed", "made"]
"""Fixtures: a server and its runtime, sealed."""


def image_of(place: Place) -> Path:
    """A root directory with copies of server, runtime and system libraries: other files with the same content."""
    image = place.bench.folder / "image"
    for each in (place.bench.tree, place.prefix):
        shutil.copytree(each, image / str(each).lstrip("/"), symlinks=True)
    manifest = manifest_path(place.runtime)
    _, entries = read_manifest(manifest.read_bytes().splitlines(keepends=True), where="manifest")
    for entry in entries:
        if entry.root == "system":
            (image / entry.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path("/", entry.path), image / entry.path, follow_symlinks=False)
    return image


def found(place: Place, pid: int, places: Mapping[str, Path] | None = None) -> list[tuple[str, FindingKind, str]]:
    with running(place, pid=pid, places=places) as (run, seen):
        run.once()
    return [(each.where, each.kind, each.found or "") for each in seen[0].cycle.findings.findings]


def test_a_server_in_a_container_of_the_same_files_matches(composed: Place) -> None:
    with contained(image_of(composed), composed.bench.tree / "bin/python", *ARGUMENTS) as pid:
        assert found(composed, pid) == []


def test_its_paths_need_not_be_there_for_us(composed: Place) -> None:
    image = image_of(composed)
    inner = {composed.bench.tree: Path("/srv/app"), composed.prefix: Path("/opt/python")}
    for ours, theirs in inner.items():
        (image / str(theirs).lstrip("/")).parent.mkdir()
        (image / str(ours).lstrip("/")).rename(image / str(theirs).lstrip("/"))
    (image / "srv/app/bin/python").unlink()
    (image / "srv/app/bin/python").symlink_to("/opt/link/python3")
    (image / "opt/link").symlink_to("/opt/python/bin")
    configuration = "home = /opt/python/bin\ninclude-system-site-packages = false\n"
    (image / "srv/app/pyvenv.cfg").write_text(configuration)
    places = {"tree": Path("/srv/app"), "runtime": Path("/opt/python"), "library": library_of(Path("/opt/python"))}
    with contained(image, Path("/srv/app/bin/python"), *ARGUMENTS) as pid:
        assert found(composed, pid, places) == []


def test_a_change_is_found_where_the_server_sees_it(composed: Place) -> None:
    image = image_of(composed)
    tools = image / str(composed.bench.tree).lstrip("/") / "tiny_server/tools.py"
    tools.write_bytes(b"TOOLS = ('evil',)\n")
    with contained(image, composed.bench.tree / "bin/python", *ARGUMENTS) as pid:
        assert [each[:2] for each in found(composed, pid)] == [("tree/tiny_server/tools.py", FindingKind.CHANGED)]


def test_another_interpreter_in_the_container_is_not_the_sealed_one(composed: Place) -> None:
    image = image_of(composed)
    prefix = image / str(composed.prefix).lstrip("/")
    shutil.copytree(prefix, image / "other", symlinks=True)
    python = image / str(composed.bench.tree).lstrip("/") / "bin/python"
    python.unlink()
    python.symlink_to(Path("/other/bin", composed.program.name))
    with contained(image, composed.bench.tree / "bin/python", *ARGUMENTS) as pid:
        kinds = {each[1] for each in found(composed, pid)}
    assert FindingKind.RUNTIME_OTHER in kinds


@needs_root
@pytest.mark.parametrize("users", [("--user", "--map-root-user"), ()], ids=["of its own", "ours"])
def test_who_made_his_user_namespace_puts_no_other_program_over_one_that_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, users: tuple[str, ...]
) -> None:
    watch = make_watch(make_bench(tmp_path), monkeypatch)
    for name in ("outside", "evil"):
        (tmp_path / name).mkdir()
        shutil.copy(CAT, tmp_path / name / "tool")
    tool, evil = tmp_path / "outside/tool", tmp_path / "evil/tool"
    reference = watch.bench.write(watch.bench.seal(command=(str(tool),)))
    inner = f"mount --bind {evil} {tool} && echo ready && exec {tool}"
    with started(["unshare", *users, "--mount", "sh", "-c", inner]) as handle:
        until_executed(handle.pid, tool)
        found = kinds(watch.once(reference, pid=handle.pid))
    assert (FindingKind.EXECUTABLE_OTHER in found) == bool(users)
