"""Real launchers: what was sealed is what `/proc` shows of the process that they end as, and the agent finds it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from attest.measure.commands.resolving import resolve
from tests.tars import tarball
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.world import make_wheel

NODE = "#!/usr/bin/env node\nprocess.stdin.resume(); process.stdin.on('end', () => process.exit())\n"
PYTHON = "import sys\n\n\ndef main():\n    sys.stdin.read()\n\n\nif __name__ == '__main__':\n    main()\n"
LAUNCHERS = {"npx", "npm", "npx-cli.js", "npm-cli.js"}


def needs(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)} at hand")


def run(*command: object, cwd: Path, **environment: str) -> bytes:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**os.environ, **environment}, capture_output=True,
        timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout


def descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for thread in sorted(Path(f"/proc/{pid}/task").iterdir()):
            for child in (thread / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


def shown(pid: int) -> tuple[list[str], str]:
    octets = Path(f"/proc/{pid}/cmdline").read_bytes()
    return [os.fsdecode(word) for word in octets.removesuffix(b"\0").split(b"\0")], os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115


def find(launcher: subprocess.Popen[bytes], executable: str, marker: str) -> int:
    """Wait for the process that runs the executable with the marker as its last argument, and is not npx itself."""

    def found() -> int:
        for pid in (launcher.pid, *descendants(launcher.pid)):
            with suppress(OSError):
                argv, running = shown(pid)
                if running == executable and argv[-1] == marker and not LAUNCHERS & {Path(word).name for word in argv}:
                    return pid
        assert launcher.poll() is None, launcher.stdout.read() if launcher.stdout else ""
        return 0

    return wait_until(found, pause=0.05)


@contextmanager
def started(command: list[str], cwd: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        for pid in (*descendants(process.pid), process.pid):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE_SECONDS)


def check(command: list[str], cwd: Path, **changes: str) -> None:
    """Compare what is resolved with the process; the last argument marks it."""
    environment = {**os.environ, **changes}
    told = resolve(command, cwd=str(cwd), environment=environment)
    program = told.interpreter or told.argv[0]
    with started(command, cwd, environment) as launcher:
        pid = find(launcher, os.path.realpath(program), command[-1])
        argv, _ = shown(pid)
        there = os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115
        expected = told.argv if told.interpreter else told.argv[1:]
        assert len(argv) == 1 + len(expected)
        for word, wanted in zip(argv[1:], expected, strict=True):
            assert wanted in {word, os.path.normpath(os.path.join(there, word))}  # noqa: PTH118


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commands").resolve()


@pytest.fixture(scope="module")
def package(folder: Path) -> Path:
    told = {"name": "@small/server", "version": "1.0.0", "bin": {"small-server": "cli.js"}}
    place = folder / "small-server-1.0.0.tgz"
    place.write_bytes(tarball({"package/package.json": json.dumps(told).encode(), "package/cli.js": NODE.encode()}))
    return place


@pytest.fixture(scope="module")
def project(folder: Path, package: Path) -> Path:
    needs("node", "npm", "npx")
    place = folder / "project"
    (place / "below").mkdir(parents=True)
    (place / "package.json").write_text('{"private": true}')
    run("npm", "install", "--offline", "--no-audit", "--no-fund", package, cwd=place)
    (place / "main.js").write_text(NODE)
    return place


def test_node_shows_its_arguments_as_given(project: Path) -> None:
    check(["node", "main.js", "mark"], project)
    check(["node", "--enable-source-maps", "main", "mark"], project)
    check([f"{project}/node_modules/.bin/small-server", "mark"], project)


def test_first_lines_and_shims_lead_to_node(project: Path) -> None:
    shim = '#!/bin/sh\nbasedir=$(dirname "$0")\nexec node --no-warnings  "$basedir/../server.js" "$@"\n'
    texts = {"server.js": NODE.replace("env node", "env -S node --no-warnings"), "bin/shim": shim}
    (project / "bin").mkdir()
    for name, text in texts.items():
        (project / name).write_text(text)
        (project / name).chmod(0o755)
    check(["./server.js", "mark"], project)
    check(["bin/shim", "mark"], project)
    check(["env", "A=b", f"{project}/bin/shim", "mark"], project)


def test_npx_starts_the_own_command_of_a_project(folder: Path) -> None:
    needs("node", "npm", "npx")
    own = folder / "own"
    own.mkdir()
    (own / "package.json").write_text('{"name": "own", "version": "1.0.0", "bin": {"own-server": "cli.js"}}')
    (own / "cli.js").write_text(NODE)
    cache = {"npm_config_cache": str(folder / "own-cache"), "npm_config_offline": "true"}
    words = ["npx", "own-server", "mark"]
    with started(words, own, {**os.environ, **cache}) as launcher:
        find(launcher, os.path.realpath(str(shutil.which("node"))), "mark")
    check(words, own, **cache)


@pytest.mark.parametrize("words", [["small-server"], ["-y", "@small/server"], ["-p", "@small/server", "small-server"]])
def test_npx_starts_the_command_of_the_project(words: list[str], project: Path) -> None:
    check(["npx", *words, "a b", "mark"], project / "below")


def test_npx_starts_a_command_from_its_cache(folder: Path, package: Path) -> None:
    needs("node", "npm", "npx")
    empty = folder / "empty"
    empty.mkdir()
    cache = {"npm_config_cache": str(folder / "cache"), "npm_config_offline": "true"}
    words = ["npx", "-y", "-p", str(package), "small-server", "mark"]
    with started(words, empty, {**os.environ, **cache}) as launcher:
        find(launcher, os.path.realpath(str(shutil.which("node"))), "mark")
    check(words, empty, **cache)


def test_python_starts_scripts_and_modules(folder: Path) -> None:
    place = folder / "python"
    (place / "server").mkdir(parents=True)
    for name in ("script.py", "server/__init__.py", "server/__main__.py"):
        (place / name).write_text(PYTHON if name != "server/__init__.py" else "")
    for words in (["script.py"], ["-u", "-X", "dev", "script.py"], ["-m", "server"], ["-um", "server"]):
        check([sys.executable, *words, "mark"], place)


def test_uv_starts_installed_tools_and_scripts_of_a_project(folder: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("no uv at hand")
    files = {
        "small_tool/__init__.py": PYTHON.encode(),
        "small_tool-1.0.dist-info/entry_points.txt": b"[console_scripts]\nsmall-tool = small_tool:main\n",
    }
    wheel = make_wheel(folder, "small_tool", "1.0", files)
    isolated = {
        "UV_OFFLINE": "1",
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(folder / "uv"),
        "UV_TOOL_DIR": str(folder / "tools"),
        "UV_TOOL_BIN_DIR": str(folder / "bin"),
        "UV_PYTHON": sys.executable,
    }
    run(uv, "tool", "install", "-q", wheel, cwd=folder, **isolated)
    check([f"{uv}x", "small-tool", "mark"], folder, **isolated)
    check([str(uv), "tool", "run", "--from", "small-tool==1.0", "small-tool", "mark"], folder, **isolated)
    place = folder / "uv-project"
    place.mkdir()
    (place / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\n')
    (place / "script.py").write_text(PYTHON)
    run(uv, "venv", "-q", cwd=place, **isolated)
    run(uv, "lock", "-q", cwd=place, **isolated)
    check([str(uv), "run", "script.py", "mark"], place, **isolated)
    check([str(uv), "--directory", "uv-project", "run", "-m", "script", "mark"], folder, **isolated)


def test_a_server_under_npx_is_sealed_by_its_package_and_matches(folder: Path, package: Path, project: Path) -> None:
    def attest(*words: object) -> bytes:
        return run(sys.executable, "-m", "attest", *words, cwd=project)

    for role in ("sealer", "writer"):
        attest("key", "new", folder / f"{role}.key")
    keys = ("--sealer", folder / "sealer.key.pub", "--writer", folder / "writer.key.pub")
    attest("trust", "new", folder / "trust.json", *keys)
    command = ["npx", "-y", "@small/server", "mark"]
    reference = folder / "server.ref"
    attest("seal", "node_modules", "--artifact", package, "--allow-site", "*", "--trust", folder / "trust.json",
           "--key", folder / "sealer.key", "-o", reference, "--", *command)  # fmt: skip
    printed = attest("show", reference).decode()
    predicate = json.loads(printed[printed.index("{") :])["predicate"]
    assert predicate["server"]["name"] == "@small/server"
    assert predicate["process"]["argv"] == ["{tree}/.bin/small-server", "mark"]
    with started(command, project, dict(os.environ)) as launcher:
        pid = find(launcher, os.path.realpath(str(shutil.which("node"))), "mark")
        told = attest("agent", reference, "--trust", folder / "trust.json", "--key", folder / "writer.key",
                      "--log", folder / "log", "--once", "--pid", pid)  # fmt: skip
    assert b"MATCH" in told
