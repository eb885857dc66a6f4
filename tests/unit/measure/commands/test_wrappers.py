"""Scripts that end in `exec`: what is told of one is what the shell does, and what cannot be told is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from attest.errors import RefusedError
from attest.measure.commands.invocation import Started
from attest.measure.commands.resolving import assigned_by, resolve

GIVEN = ("--port", "80", "a b", "$HOME", "")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a program that prints its arguments, one a line, and the folders that scripts go to."""
    for folder in ("bin", "other place"):
        (tmp_path / folder).mkdir()
    printf = shutil.which("printf")
    assert printf is not None
    shutil.copy(printf, tmp_path / "bin/server")
    (tmp_path / "bin/server").chmod(0o755)
    return tmp_path


def write(place: Path, text: str, shell: str = "/bin/sh") -> Path:
    script = place / "bin/wrapper"
    script.write_text(f"#!{shell}\n{text}", "utf-8", "surrogateescape")
    script.chmod(0o755)
    return script


def environment_of(place: Path) -> dict[str, str]:
    return {"PATH": f"{place}/bin:{os.environ['PATH']}", "HOME": str(place), "TOKEN": "a secret"}


def told(place: Path, script: Path, *arguments: str) -> Started:
    return resolve((str(script), *arguments), cwd=str(place), environment=environment_of(place))


TOLD = {
    "plain": 'exec server "%s\\n" "$@"',
    "by its folder": 'exec "$(dirname "$0")/server" "%s\\n" "$@"\n',
    "by its folder, the long way": 'DIR="$(cd "$(dirname "$0")" && pwd)"\nexec "$DIR/server" "%s\\n" one "$@"',
    "by a folder unquoted": 'HERE=$(dirname -- "$0")\nexec "${HERE}/server" \'%s\\n\' "$@"',
    "by a part of its name": 'exec "${0%/*}/server" "%s\\n" "$@"',
    "through links": 'exec "$(dirname "$(readlink -f "$0")")"/server "%s\\n" "$@"',
    "after much": '#\nset -eu\n\nexport MODE=far  # always\nNAME=\'a  b\'\nexec server "%s\\n" "$NAME" $MODE "$@"\n',
    "elsewhere": 'cd "$(dirname "$0")/../other place" || exit 1\nexec ../bin/server "%s\\n" "$@"',
    "in one line": 'cd "$(dirname "$0")" && exec ./server "%s\\n" "$@"',
    "with a path": 'export PATH="$(dirname "$0"):$PATH"\nexec server "%s\\n" "$@"',
    "on lines": 'exec server \\\n  "%s\\n" \\\n  --flag=1 "$@"',
    "before arguments": 'exec server "%s\\n" "$@" last \'$0 "\' "\\"\\$x"',
    "without arguments": 'exec server "%s\\n" only',
    "with a home": 'exec server "%s\\n" "$HOME/x" "$@"',
}


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD.keys())
def test_what_is_told_is_what_the_shell_does(place: Path, text: str) -> None:
    script = write(place, text)
    started = told(place, script, *GIVEN)
    done = subprocess.run([script, *GIVEN], cwd=place, env=environment_of(place), check=True, capture_output=True)
    assert started.interpreter is None
    assert Path(started.argv[0]).resolve() == place / "bin/server"
    assert started.argv[1] == "%s\\n"
    assert "".join(f"{word}\n" for word in started.argv[2:]) == done.stdout.decode()
    assert started.code == (str(place / "bin/server"),)
    assert started.given, "a program of the system may be named in a script as it may be named by itself"


def test_a_wrapper_of_a_wrapper_of_node_is_node(place: Path) -> None:
    shutil.copy(place / "bin/server", place / "bin/node")
    (place / "bin/server.js").touch()
    inner = write(place, 'exec env MODE=1 node "$(dirname "$0")/server.js" "$@"', "/usr/bin/env bash")
    inner.rename(place / "bin/inner")
    script = write(place, "export LEVEL=9\nPRIVATE=1\nexec inner --stdio")
    assert not told(place, script).given
    assert told(place, script).argv == (str(place / "bin/node"), str(place / "bin/server.js"), "--stdio")
    assigned = assigned_by((str(script),), cwd=str(place), environment=environment_of(place))
    assert assigned == {"LEVEL": "9", "MODE": "1"}


UNTOLD = {
    "a condition": 'if true; then server; fi\nexec server "$@"',
    "another command": 'echo hello >&2\nexec server "$@"',
    "what another program says": 'exec server "$(cat name)"',
    "backquotes": "exec server `cat name`",
    "a pattern": "exec server *.js",
    "a home by tilde": "exec ~/server",
    "split words": 'NAME="a b"\nexec server $NAME',
    "a variable of the caller's": 'exec server --token "$TOKEN"',
    "an unknown variable": 'exec server "${PORT:-80}"',
    "another name": 'exec -a other server "$@"',
    "a variable for it alone": 'A=1 exec server "$@"\nexec server "$@"',
    "its output elsewhere": 'exec server "$@" 2>>log',
    "arguments of its own": 'set -- x\nexec server "$@"',
    "arguments in a word": 'exec server x"$@"',
    "an open quote": 'exec server "$@',
    "in the background": "exec server &",
    "other bytes": 'exec server "\udcff"',
    "a backslash in quotes": "exec server 'a \\\nb'",
    "a folder before": 'cd - && exec server "$@"',
    "a space that is none": 'exec server\xa0x "$@"',
    "a sourced file": '. ./settings\nexec server "$@"',
}


@pytest.mark.parametrize("text", UNTOLD.values(), ids=UNTOLD.keys())
def test_what_cannot_be_told_is_refused_and_no_secret_is_read(place: Path, text: str) -> None:
    with pytest.raises(RefusedError, match="a script of which can be told what it becomes") as caught:
        told(place, write(place, text))
    assert "seal the program that it becomes" in (caught.value.hint or "")
    assert "a secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ('server "$@"', "/bin/sh"),
        ('exec server "$@"\nexit 1', "/bin/sh"),
        ("exec >log 2>&1", "/bin/sh"),
        ("", "/bin/sh"),
        ('exec server "$@"', "/usr/bin/awk -f"),
    ],
)
def test_a_script_that_does_not_end_in_exec_is_run_by_its_interpreter(place: Path, text: str, shell: str) -> None:
    script = write(place, text, shell)
    started = told(place, script)
    assert started.interpreter == shell.split(maxsplit=1)[0]
    assert started.argv[-1] == str(script)
