"""From a command to the process that will be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.errors import MalformedError, UnavailableError
from attest.seal.command import interpreter_of, profile_of


def script(folder: Path, head: str) -> Path:
    path = folder / "bin" / "server"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head)
    path.chmod(0o755)
    return path


def test_a_script_becomes_its_interpreter_and_itself(tmp_path: Path) -> None:
    python = script(tmp_path, "")
    path = script(tmp_path, f"#!{tmp_path}/bin/python -E\nimport this\n")
    profile = profile_of([str(path), "--port", "1"], {"tree": str(tmp_path)})
    assert profile is not None
    assert profile.interpreter == "{tree}/bin/python"
    assert profile.argv == ("-E", "{tree}/bin/server", "--port", "1")
    assert python.exists()


def test_a_binary_is_itself(tmp_path: Path) -> None:
    profile = profile_of([str(script(tmp_path, "\x7fELF"))], {"tree": str(tmp_path)})
    assert profile is not None
    assert (profile.interpreter, profile.argv) == (None, ("{tree}/bin/server",))


LONG = "#!/bin/sh\n'''exec' {} \"$0\" \"$@\"\n' '''\nimport sys\n"
MOVABLE = '"$(dirname -- "$(realpath -- "$0")")"/\'python\''


@pytest.mark.parametrize(
    ("written", "started"),
    [
        ('"/very long/python"', ["/very long/python"]),
        ("'/very long/python'", ["/very long/python"]),
        ("/very/long/python", ["/very/long/python"]),
        ("/very/long/python -E", ["/very/long/python", "-E"]),
        ("'/very long/python' -E", ["/very long/python", "-E"]),
        ('"$HOME/python"', ["/bin/sh"]),
        ("/very/long/python -m", ["/bin/sh"]),
    ],
)
def test_the_long_form_that_installers_write_is_understood(written: str, started: list[str], tmp_path: Path) -> None:
    assert interpreter_of(str(script(tmp_path, LONG.format(written)))) == started


def test_a_script_that_may_be_moved_starts_the_interpreter_beside_the_file(tmp_path: Path) -> None:
    path = script(tmp_path / "tree", LONG.format(MOVABLE))
    link = tmp_path / "server"
    link.symlink_to(path)
    assert interpreter_of(str(link)) == [str(path.with_name("python"))]
    profile = profile_of([str(path), "x"], {"tree": str(tmp_path / "tree")})
    assert profile is not None
    assert profile.interpreter == "{tree}/bin/python"
    assert profile.argv == ("{tree}/bin/server", "x")


def test_env_is_looked_through(tmp_path: Path) -> None:
    path = script(tmp_path, "#!/usr/bin/env -S sh -e\n")
    found = interpreter_of(str(path))
    assert found is not None
    assert (Path(found[0]).name, found[1:]) == ("sh", ["-e"])


def test_a_first_line_without_an_interpreter_is_malformed(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="first line"):
        interpreter_of(str(script(tmp_path, "#!\n")))


def test_a_program_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="executable"):
        profile_of([str(tmp_path / "absent")], {})


def test_a_program_without_the_executable_bit_is_told_so(tmp_path: Path) -> None:
    path = script(tmp_path, "#!/bin/sh\n")
    path.chmod(0o644)
    with pytest.raises(UnavailableError, match="may not be executed"):
        profile_of([str(path)], {})


def test_no_command_no_profile() -> None:
    assert profile_of([], {}) is None
