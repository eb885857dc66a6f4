"""What is started is the sealed command; another one is refused, by whatever name it goes."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from attest.agent.launching.command import is_measured, sealed_command
from attest.errors import AttestError, RefusedError
from attest.statement.manifest import Root, Scope
from attest.statement.profile import ProcessProfile


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An environment with a script and a program; its interpreter is a link to ours."""
    place = tmp_path / "env"
    (place / "bin").mkdir(parents=True)
    for name in ("python", "python3"):
        (place / "bin" / name).symlink_to(sys.executable)
    (place / "bin" / "serve").write_text(f"#!{place}/bin/python\n")
    (place / "bin" / "tool").write_text("ELF, nearly\n")
    for name in ("serve", "tool"):
        (place / "bin" / name).chmod(0o755)
    return place


SCRIPT = ProcessProfile(interpreter="{tree}/bin/python", argv=("{tree}/bin/serve", "--quiet"))
PROGRAM = ProcessProfile(argv=("{tree}/bin/tool", "{tree}/data"), working_directory="{tree}")


def started(profile: ProcessProfile | None, tree: Path, *given: str) -> tuple[str, ...]:
    return sealed_command(profile, {"tree": str(tree)}, given, where="server.ref").argv


def test_a_script_is_started_through_its_sealed_interpreter(tree: Path) -> None:
    command = sealed_command(SCRIPT, {"tree": str(tree)}, (), where="server.ref")
    assert command.argv == (f"{tree}/bin/python", f"{tree}/bin/serve", "--quiet")
    assert command.program == f"{tree}/bin/python"
    assert command.working_directory == str(Path.cwd())


def test_a_program_is_started_where_it_is_sealed_to_be(tree: Path) -> None:
    command = sealed_command(PROGRAM, {"tree": str(tree)}, (), where="server.ref")
    assert (command.argv, command.working_directory) == ((f"{tree}/bin/tool", f"{tree}/data"), str(tree))


def test_a_command_that_becomes_the_sealed_one_is_as_good(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = started(SCRIPT, tree)
    (tmp_path / "link").symlink_to(tree / "bin" / "serve")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tree / "bin"))
    ways = (
        ["serve"],
        ["./env/bin/serve"],
        ["./link"],
        ["python3", "env/bin/serve"],
        [f"{tree}/bin/python", *sealed[1:2]],
    )
    for way in ways:
        assert started(SCRIPT, tree, *way, "--quiet") == sealed
    (tmp_path / "other-name").symlink_to(tree / "bin" / "tool")
    assert started(PROGRAM, tree, "./other-name", f"{tree}/data") == started(PROGRAM, tree)


def test_another_command_is_refused(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "evil").write_text(f"#!{tree}/bin/python\n")
    (tmp_path / "evil").chmod(0o755)
    serve = f"{tree}/bin/serve"
    others = (
        [serve], [serve, "--loud"], [serve, "--quiet", "more"], [str(tmp_path / "evil"), "--quiet"],
        [f"{tree}/bin/python", "-i", serve, "--quiet"],
        # The same file under a name by which Python finds another environment.
        [sys.executable, serve, "--quiet"],
    )  # fmt: skip
    for other in others:
        with pytest.raises(RefusedError, match="becomes what is sealed"):
            started(SCRIPT, tree, *other)


def test_a_parameter_is_whatever_is_given_and_every_other_word_is_sealed(tree: Path) -> None:
    serve = f"{tree}/bin/serve"
    profile = ProcessProfile(
        interpreter="{tree}/bin/python", argv=("{tree}/bin/serve", "--key", "KEY"), parameters=(2,)
    )
    for word in ("sekret", "{tree}/x", "--"):
        assert started(profile, tree, serve, "--key", word) == (f"{tree}/bin/python", serve, "--key", word)
    with pytest.raises(RefusedError, match="a COMMAND, since"):
        started(profile, tree)
    for other in (["--lock", "sekret"], ["sekret"], ["--key", "sekret", "more"]):
        with pytest.raises(RefusedError, match="becomes what is sealed") as refused:
            started(profile, tree, serve, *other)
        assert "sekret" not in f"{refused.value} {refused.value.hint}"
    with pytest.raises(AttestError) as failed:
        started(profile, tree, "python3", "-m", "sekret")
    assert "sekret" not in f"{failed.value} {failed.value.hint}"


def test_without_a_sealed_command_nothing_is_started(tree: Path) -> None:
    for given in ((), (f"{tree}/bin/serve",)):
        with pytest.raises(RefusedError, match="seals the command") as refused:
            started(None, tree, *given)
        assert "-- COMMAND" in (refused.value.hint or "")


def test_only_what_is_measured_as_a_whole_is_a_folder_to_import_from(tmp_path: Path) -> None:
    tree, listed = (
        Root(name="tree", scope=Scope.EXACT, mutable=("cache",)),
        Root(name="listed", scope=Scope.LISTED, mutable=()),
    )
    server = SimpleNamespace(roots=(tree, listed), real_places=lambda _: {"tree": f"{tmp_path}/a", "listed": "/b"})
    for folder, expected in {"a": True, "a/b": True, "ab": False, "a/cache": False, "a/cache/x": False}.items():
        assert is_measured(f"{tmp_path}/{folder}", server) is expected  # type: ignore[arg-type]  # the two that count
    assert not is_measured("/b", server)  # type: ignore[arg-type]
