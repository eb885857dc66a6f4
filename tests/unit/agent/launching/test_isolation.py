"""A hostile server under `attest run` gets at nothing of ours; without each wall, it would."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import attest
from attest.agent.launching.user import server_user
from attest.errors import RefusedError
from attest.measure.sandbox import SIGNALS_SINCE, landlock_version
from attest.seal.request import Rules
from attest.statement.levels import Isolation
from tests.installed import Bench
from tests.launches import PYTHON, make_launch_bench, receipts, run_words
from tests.unprivileged import NOBODY, open_folder
from tests.waiting import PATIENCE_SECONDS, wait_until

HOSTILE = Path(__file__).with_name("hostile.py")
OPEN = "from contextlib import nullcontext; import attest.agent.launching.launch as launch;"
WITHOUT_WALLS = f"{OPEN} launch.out_of_sight = nullcontext; launch.sandbox_around = lambda _, ports: nullcontext();"
"""Before the command line: the same launcher, without what keeps the server from us."""

SYSTEM_PYTHON = "/usr/bin/python3"
AS_NOBODY = (
    "import csv, ctypes, encodings.ascii, encodings.idna, os, sys;"
    "import attest.agent.launching.launch, attest.agent.starting, attest.cli.run;"
    f"os.setgroups(()); os.setresgid({NOBODY}, {NOBODY}, {NOBODY}); os.setresuid({NOBODY}, {NOBODY}, {NOBODY});"
    f"ctypes.CDLL(None).prctl(4, 1, 0, 0, 0); sys.executable = {SYSTEM_PYTHON!r};"
)
"""Before the command line: a launcher that is not root, and as visible as one that never was."""

OURS = {
    "read key", "write key", "truncate key", "move key", "read log", "write log", "move log", "plant in log",
    "read trust", "write trust", "memory", "environment", "descriptors", "trace", "signal",
}  # fmt: skip
TRACING = {"memory", "environment", "descriptors", "trace"}

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
needs_landlock = pytest.mark.skipif(
    landlock_version() < SIGNALS_SINCE,
    reason=f"Landlock {SIGNALS_SINCE} or newer, this kernel has {landlock_version()}",
)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench that every user may enter, with a hostile server in its tree, and a Python that everybody has."""
    with open_folder() as folder:
        made = make_launch_bench(folder)
        (made.tree / "hostile.py").write_bytes(HOSTILE.read_bytes())
        words = (
            python(),
            str(made.tree / "hostile.py"),
            *(str(folder / name) for name in ("writer.key", "log", "trust.json")),
        )
        made.write(made.seal(allow_site=("hostile.py",), command=words))
        yield made


def python() -> str:
    """Return an interpreter that every user can reach: ours may lie in root's own folder."""
    if all(folder.stat().st_mode & 0o001 for folder in Path(PYTHON).parents):
        return PYTHON
    if not Path(SYSTEM_PYTHON).exists():
        pytest.skip("there is no Python here that every user can reach")
    return SYSTEM_PYTHON


def attack(bench: Bench, *words: str, before: str = "") -> dict[str, str]:
    """Run the hostile server and return what it could do; `before` is what the launcher does at its start."""
    command = run_words(bench, *words)
    if before:
        program = f"{before} import sys; from attest.cli.door import enter; sys.exit(enter(sys.argv[1:]))"
        command = [sys.executable, "-c", program, *command[3:]]
    could: dict[str, str] = said(bench, command)
    assert could.keys() == {*OURS, "own tree"}
    return could


def said(bench: Bench, command: Sequence[str], until: Callable[[], object] = lambda: True, **environment: str) -> Any:
    """Run a server that says one line, and end its input once its process was looked at; return what it said."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=bench.folder, env={**os.environ, **environment}, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if line:
            wait_until(lambda: looks(bench) and until())
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert line, err.decode()
    return json.loads(line)


def done(could: dict[str, str]) -> set[str]:
    return {name for name, outcome in could.items() if outcome == "done"}


def looks(bench: Bench) -> list[Any]:
    """Return the events of first looks at a process."""
    return [each["predicate"]["event"] for each in receipts(bench) if "process" in each["predicate"].get("event", {})]


def kept_apart(bench: Bench) -> list[str]:
    (started,) = looks(bench)
    kept: list[str] = started["process"]["keptApart"]
    return kept


def isolations(bench: Bench) -> set[str]:
    return {statement["predicate"]["receipt"]["isolation"] for statement in receipts(bench)}


def give_to_nobody(bench: Bench) -> None:
    """Make everything somebody's who is not root, so that a launcher can run as that user."""
    for path in (bench.folder, *bench.folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)


@needs_landlock
def test_a_server_of_our_own_user_gets_at_nothing_of_ours(bench: Bench) -> None:
    assert done(attack(bench)) == {"own tree"}
    assert isolations(bench) == {Isolation.SAME_UID}
    version = landlock_version()
    root = ["fewer capabilities"] if os.geteuid() == 0 else []
    assert kept_apart(bench) == [
        *root, "no-new-privileges", "not dumpable",
        f"landlock {version}: our files, tracing", f"landlock {version}: signals",
    ]  # fmt: skip


def test_without_the_walls_it_would_have_got_at_everything(bench: Bench) -> None:
    # Who stays root has lost the capabilities for these, whatever else stands.
    kept = TRACING if os.geteuid() == 0 else set()
    assert done(attack(bench, before=WITHOUT_WALLS)) == {*OURS, "own tree"} - kept


@needs_root
@needs_landlock
def test_no_more_where_neither_of_us_is_root(bench: Bench) -> None:
    give_to_nobody(bench)
    assert done(attack(bench, before=AS_NOBODY)) == {"own tree"}


@needs_root
def test_without_any_wall_it_would_where_neither_of_us_is_root(bench: Bench) -> None:
    give_to_nobody(bench)
    assert done(attack(bench, before=f"{AS_NOBODY} {WITHOUT_WALLS}")) == {*OURS, "own tree"}


@needs_root
def test_without_landlock_an_invisible_launcher_keeps_its_memory(bench: Bench) -> None:
    give_to_nobody(bench)
    could = attack(bench, before=f"{AS_NOBODY} {OPEN} launch.sandbox_around = lambda _, ports: nullcontext();")
    assert done(could) == {*OURS, "own tree"} - TRACING


@needs_root
def test_a_server_of_another_user_gets_at_nothing_even_without_the_walls(bench: Bench) -> None:
    bench.tree.joinpath("hostile.py").chmod(0o644)
    (bench.folder / "trust.json").chmod(0o600)
    for before in ("", WITHOUT_WALLS):
        assert done(attack(bench, "--user", str(NOBODY), before=before)) == set()
    assert isolations(bench) == {Isolation.PRIVILEGED}


@needs_root
def test_a_server_of_another_user_is_that_user_alone(bench: Bench) -> None:
    (bench.tree / "who.py").write_text(
        "import json, os, pathlib\n"
        "status = dict(line.split(':\\t') for line in pathlib.Path('/proc/self/status').read_text().splitlines())\n"
        "names = ('CapEff', 'CapPrm', 'CapInh', 'CapAmb', 'NoNewPrivs')\n"
        "own = pathlib.Path(os.environ['PYTHONPYCACHEPREFIX'], 'x').write_text('')\n"
        "print(json.dumps([os.getresuid(), os.getresgid(), os.getgroups(), [int(status[n], 16) for n in names],"
        " os.environ['HOME'], 'XDG_RUNTIME_DIR' in os.environ]), flush=True)\n"
        "import sys; sys.stdin.read()\n"
    )
    bench.write(bench.seal(allow_site=("hostile.py", "who.py"), command=(python(), str(bench.tree / "who.py"))))
    words = run_words(bench, "--user", pwd.getpwuid(NOBODY).pw_name)
    uids, gids, groups, privileges, home, session = said(bench, words, XDG_RUNTIME_DIR="/run/user/0")
    gid = pwd.getpwuid(NOBODY).pw_gid
    assert (uids, gids, groups) == ([NOBODY] * 3, [gid] * 3, [])
    assert privileges == [0, 0, 0, 0, 1]
    assert (home, session) == (pwd.getpwuid(NOBODY).pw_dir, False)
    assert f"uid {NOBODY}" in kept_apart(bench)


@needs_root
def test_byte_code_of_an_earlier_run_belongs_to_the_user_of_the_server(bench: Bench) -> None:
    (bench.tree / "whose.py").write_text(
        "import json, os, pathlib\n"
        "place = pathlib.Path(os.environ['PYTHONPYCACHEPREFIX'])\n"
        "whose = {path.stat().st_uid for path in (place, *place.rglob('*'))}\n"
        "print(json.dumps([len([*place.rglob('tools.*.pyc')]), *whose]), flush=True)\n"
        "import sys, tiny_server.tools; sys.stdin.read()\n"
    )
    rules = Rules(cycle=1)
    bench.write(
        bench.seal(allow_site=("hostile.py", "whose.py"), command=(python(), str(bench.tree / "whose.py")), rules=rules)
    )
    kept = bench.folder / "log" / "byte-code"
    words = run_words(bench, "--user", pwd.getpwuid(NOBODY).pw_name)

    def is_kept() -> bool:
        return bool([*kept.rglob("tools.*.pyc")]) and (kept / "judgements").exists()

    assert said(bench, words, is_kept) == [0, NOBODY]
    assert said(bench, words, is_kept) == [1, NOBODY]


@needs_root
def test_a_program_that_the_user_cannot_reach_is_not_started(bench: Bench) -> None:
    bench.tree.chmod(0o700)
    program = bench.tree / "program"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o755)
    bench.write(bench.seal(allow_site=("hostile.py", "program"), command=(str(program),)))
    ran = subprocess.run(
        run_words(bench, "--user", str(NOBODY)),
        cwd=bench.folder,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 6
    assert b"Permission denied" in ran.stderr
    assert b"hint: the server's user has to be able to read" in ran.stderr


def test_the_user_is_who_is_asked_for_or_called_sudo_or_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert server_user(None, {}).uid == 0
    assert server_user(None, {"SUDO_UID": "0"}).uid == 0
    assert server_user(None, {"SUDO_UID": str(NOBODY)}).uid == NOBODY
    assert server_user("root", {"SUDO_UID": str(NOBODY)}).variables == {}
    with pytest.raises(RefusedError, match="a user of this machine"):
        server_user("no-such-user", {})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_user(None, {"SUDO_UID": str(NOBODY)}).uid == 1000
    with pytest.raises(RefusedError, match="root, who alone"):
        server_user(str(NOBODY), {})


def test_the_walls_stand_in_the_package() -> None:
    """What `WITHOUT_WALLS` takes down has to be what the launcher uses."""
    source = (Path(attest.__file__).parent / "agent/launching/launch.py").read_text(encoding="utf-8")
    assert "out_of_sight()," in source
    assert "with sandbox_around(" in source
