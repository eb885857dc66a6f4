"""What a scan says of servers that are installed, running, changed or not there; and what it never shows."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from attest.cli.scan_json import lines
from attest.cli.scan_text import render
from attest.clients.configuration import Configuration, ConfiguredServer
from attest.measure.commands.invocation import Started
from attest.scan.looking import look
from attest.scan.model import SCAN_SCHEMA, Closure, Concern, ConcernKind, Scanned
from attest.scan.running import is_server
from attest.scan.scan import Scan
from tests.commands import attest, passed
from tests.npm_packages import SMALL as NODE_SMALL
from tests.npm_packages import make_tarball, unpack
from tests.wheels import SITE, put, record_hash

KINDS = ConcernKind
SOURCE = b"GREETING = 'hello'\n"
SERVER = b"import sys\nsys.stdin.read()\n"


def scan(command: tuple[str, ...], cwd: Path, *, running: bool = False, **given: object) -> Scanned:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "npm_config_cache": str(cwd / "npm")}
    server = ConfiguredServer(name="one", command=command, environment={"TOKEN": "sekret"})
    configuration = Configuration(client="client", path=cwd / "client.json", servers=(server,))
    looking = Scan(cwd=str(cwd), environment=environment, clock_ms=lambda: 0, tell_progress=lambda _: None)
    return looking.everything((configuration,), running=running)[0]


def kinds(scanned: Scanned) -> set[ConcernKind]:
    return {concern.kind for concern in scanned.concerns}


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment with one distribution, as an installer leaves it."""
    place = tmp_path / "env"
    site = place / SITE
    put(place / "pyvenv.cfg", b"home = /usr/bin\n")
    put(site / "small/__init__.py", SOURCE)
    put(site / "small/__main__.py", SERVER)
    put(site / "small/__pycache__/__init__.cpython-311.pyc", b"compiled")
    put(site / "small_mcp-1.0.dist-info/METADATA", b"Name: small-mcp\nVersion: 1.0\nRequires-Dist: mcp>=1\n")
    rows = [
        f"small/{name},{record_hash(octets)},{len(octets)}"
        for name, octets in (("__init__.py", SOURCE), ("__main__.py", SERVER))
    ]
    rows += ["small/__pycache__/__init__.cpython-311.pyc,,", "small_mcp-1.0.dist-info/RECORD,,"]
    put(site / "small_mcp-1.0.dist-info/RECORD", "\n".join(rows).encode())
    (place / "bin").mkdir()
    (place / "bin/python").symlink_to(os.path.realpath(sys.executable))
    return place


def command_of(environment: Path) -> tuple[str, ...]:
    return str(environment / "bin/python"), str(environment / SITE / "small/__main__.py"), "--key", "sekret"


def test_files_that_equal_their_record_are_counted_and_byte_code_is_not_taken_for_them(environment):
    found = scan(command_of(environment), environment.parent)
    (closure,) = found.closures
    assert closure.place == str(environment)
    assert (closure.recorded, closure.byte_code, closure.changed, closure.unrecorded) == (2, 1, (), ())
    assert closure.packages == ("small-mcp 1.0",)
    assert kinds(found) == set()
    assert not found.failing


def test_a_server_behind_the_portal_is_the_server_and_not_the_portal(environment):
    bare = scan(command_of(environment), environment.parent)
    behind = scan(("/opt/attest/bin/attest", "portal", "one", "--", *command_of(environment)), environment.parent)
    assert behind.portal
    assert not bare.portal
    assert (behind.executed, behind.closures, behind.words) == (bare.executed, bare.closures, bare.words)
    assert "(behind the portal)" in "\n".join(render((), (behind,), home="/none", coloured=False))


def test_a_changed_file_is_named_and_fails(environment):
    (environment / SITE / "small/__init__.py").write_bytes(SOURCE.replace(b"hello", b"HELLO"))
    found = scan(command_of(environment), environment.parent)
    assert found.closures[0].changed == (f"{SITE}/small/__init__.py",)
    assert kinds(found) == {KINDS.CHANGED}
    assert found.failing


def test_a_missing_file_is_a_changed_one(environment):
    (environment / SITE / "small/__init__.py").unlink()
    (environment / SITE / "small/__pycache__/__init__.cpython-311.pyc").unlink()
    assert scan(command_of(environment), environment.parent).closures[0].changed == (f"{SITE}/small/__init__.py",)


@pytest.mark.parametrize("path", ["evil.pth", "small/extra.py", "small/__pycache__/gone.cpython-311.pyc", "x.so"])
def test_what_no_record_names_and_an_interpreter_would_load_is_named(environment, path):
    put(environment / SITE / path, b"import os\n")
    found = scan(command_of(environment), environment.parent)
    assert found.closures[0].unrecorded == (f"{SITE}/{path}",)
    assert kinds(found) == {KINDS.UNRECORDED}


def test_an_editable_installation_is_said_to_be_one(environment):
    told = {"url": "file:///src", "dir_info": {"editable": True}}
    put(environment / SITE / "small_mcp-1.0.dist-info/direct_url.json", json.dumps(told).encode())
    assert KINDS.EDITABLE in kinds(scan(command_of(environment), environment.parent))


def test_a_record_that_cannot_be_read_is_no_record(environment):
    record = environment / SITE / "small_mcp-1.0.dist-info/RECORD"
    record.write_bytes(b"a,b\n")
    assert scan(command_of(environment), environment.parent).failing


def put_in_cache(folder: Path, tarball: Path) -> str:
    """Put an archive where npm's cache keeps it, and return its integrity."""
    digest = hashlib.sha512(tarball.read_bytes())
    spelled = digest.hexdigest()
    place = folder / "npm/_cacache/content-v2/sha512" / spelled[:2] / spelled[2:4] / spelled[4:]
    place.parent.mkdir(parents=True)
    shutil.copy(tarball, place)
    return f"sha512-{base64.b64encode(digest.digest()).decode()}"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """An npm installation of one package, its archive in the cache."""
    tarball = make_tarball(tmp_path, NODE_SMALL, {"dist/index.js": 0o755})
    unpack(tmp_path / "node_modules/@small/server", NODE_SMALL, ("dist/index.js",))
    row = {"version": "1.0.0", "integrity": put_in_cache(tmp_path, tarball)}
    lock = {"lockfileVersion": 3, "packages": {"node_modules/@small/server": row}}
    put(tmp_path / "node_modules/.package-lock.json", json.dumps(lock).encode())
    return tmp_path


def node_command(folder: Path) -> tuple[str, ...]:
    return os.path.realpath(sys.executable), str(folder / "node_modules/@small/server/dist/index.js")


def test_npm_packages_are_compared_with_the_archives_in_its_cache(node):
    (closure,) = scan(node_command(node), node).closures
    assert closure.place == str(node / "node_modules")
    assert closure.packages == ("@small/server 1.0.0",)
    assert (closure.bound, closure.named, closure.changed, closure.unrecorded) == (3, 1, (), ())


def test_a_changed_npm_package_fails(node):
    (node / "node_modules/@small/server/LICENSE").write_text("another")
    found = scan(node_command(node), node)
    assert found.closures[0].changed == ("@small/server/LICENSE",)
    assert found.failing


def test_without_the_archive_nothing_is_said_to_be_equal(node):
    shutil.rmtree(node / "npm")
    (closure,) = scan(node_command(node), node).closures
    assert (closure.bound, closure.named) == (0, 4)


def test_another_archive_under_the_digest_is_not_believed(node):
    (place,) = (path for path in (node / "npm").rglob("*") if path.is_file())
    place.write_bytes(make_tarball(node, {**NODE_SMALL, "LICENSE": b"y"}, filename="other.tgz").read_bytes())
    (closure,) = scan(node_command(node), node).closures
    assert closure.bound == 0


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("npx", "-y", "not-installed-anywhere"), {KINDS.UNPINNED, KINDS.NOT_INSTALLED}),
        (("npx", "-y", "not-installed-anywhere@1.0.0"), {KINDS.NOT_INSTALLED}),
        (("uvx", "--from", "not-installed==1.0", "cmd"), {KINDS.NOT_INSTALLED}),
        (("/no/such/program", "--token", "sekret"), {KINDS.UNREADABLE}),
        ((sys.executable, "-m", "no_such_module", "sekret"), {KINDS.UNREADABLE}),
    ],
)
def test_what_is_not_there_is_said_to_be_so(tmp_path, command, expected):
    found = scan(command, tmp_path)
    assert kinds(found) == expected
    assert found.executed is None


def test_what_somebody_else_runs_is_said_to_be_so(tmp_path):
    server = ConfiguredServer(name="one", url="https://api.example/?key=sekret")
    configuration = Configuration(client="client", path=tmp_path, servers=(server,))
    looking = Scan(cwd=str(tmp_path), environment={}, clock_ms=lambda: 0, tell_progress=lambda _: None)
    (found,) = looking.everything((configuration,), running=False)
    assert kinds(found) == {KINDS.REMOTE}
    assert found.host == "https://api.example"


def test_what_runs_in_a_container_is_said_not_to_be_measured(tmp_path):
    put(tmp_path / "bin/docker", b"\x7fELF")
    (tmp_path / "bin/docker").chmod(0o755)
    found = scan((str(tmp_path / "bin/docker"), "run", "-i", "image"), tmp_path)
    assert ConcernKind.CONTAINER in kinds(found)
    told = "\n".join(render((), (found,), home=str(tmp_path), coloured=False))
    assert "1 server: 0 running, 0 sealed, 0 with something wrong, 1 that could not be looked at" in told


def test_nothing_secret_is_shown(environment, tmp_path):
    commands = (
        command_of(environment),
        ("npx", "-y", "not-installed", "--token=sekret"),
        ("/no/program", "sekret"),
        (sys.executable, "-m", "sekret"),
        (sys.executable, "sekret.py"),
        ("sh", "-c", "sekret"),
        ("uvx", "--index", "https://sekret@host", "not-installed"),
        ("docker", "run", "-e", "KEY=sekret", "image"),
    )
    scanned = [scan(command, tmp_path) for command in commands]
    configuration = Configuration(client="client", path=tmp_path)
    text = "\n".join(render((configuration,), scanned, home="/root", coloured=True))
    assert "sekret" not in text
    assert "sekret" not in "".join(lines((configuration,), scanned))


@contextmanager
def process(*words: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    told = {"PATH": os.environ["PATH"], **environment}
    with subprocess.Popen(words, stdin=subprocess.PIPE, env=told) as started:
        try:
            yield started
        finally:
            started.kill()


def test_a_running_server_is_found_with_the_variables_that_make_it_load_other_code(environment):
    words = command_of(environment)
    with process(*words, PYTHONSTARTUP="/x", LD_PRELOAD="") as started:
        found = scan(words, environment.parent, running=True)
    assert [each.pid for each in found.running] == [started.pid]
    assert kinds(found) == {KINDS.ENVIRONMENT}
    assert "PYTHONSTARTUP" in found.concerns[0].text
    assert "LD_PRELOAD" not in found.concerns[0].text


def test_a_server_in_no_configuration_is_found_running(environment):
    looking = Scan(cwd="/", environment={}, clock_ms=lambda: 0, tell_progress=lambda _: None)
    with process(*command_of(environment)) as started:
        found = looking.everything((), running=True)
    (mine,) = (each for each in found if started.pid in {running.pid for running in each.running})
    assert mine.client is None
    assert mine.closures[0].place == str(environment)


def test_other_programs_are_no_servers(tmp_path):
    assert not is_server(Started(argv=("/bin/cat",), code=("/bin/cat",)))
    assert is_server(Started(argv=("/opt/github-mcp-server",), code=("/opt/github-mcp-server",)))
    assert not is_server(Started(argv=("/opt/mcpx",), code=("/opt/mcpx",)))


def test_a_directory_of_several_servers_is_hashed_once(environment, monkeypatch):
    looked: list[Path] = []

    def counted(place: Path, *, npm_cache: str, clock_ms: Callable[[], int]) -> tuple[Closure, tuple[Concern, ...]]:
        looked.append(place)
        return look(place, npm_cache=npm_cache, clock_ms=clock_ms)

    monkeypatch.setattr("attest.scan.scan.look", counted)
    server = ConfiguredServer(name="one", command=command_of(environment))
    configuration = Configuration(client="client", path=environment, servers=(server, server, server))
    looking = Scan(cwd="/", environment={"PATH": os.environ["PATH"]}, clock_ms=lambda: 0, tell_progress=lambda _: None)
    assert len(looking.everything((configuration,), running=False)) == 3
    assert looked == [environment]


@pytest.fixture
def sealed(environment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment's server, sealed after `attest init`; returns a configuration that names it."""
    folder = environment.parent
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    passed(attest(folder, "init"))
    shutil.rmtree(environment / SITE / "small/__pycache__")  # what is in it no source compiles to
    command = command_of(environment)[:2]
    passed(attest(folder, "seal", str(environment), "--name", "one", "--allow-site", "*", "--", *command))
    servers = {"mine": {"command": command[0], "args": [command[1]]}}
    (folder / "client.json").write_text(json.dumps({"mcpServers": servers}))
    return folder / "client.json"


def told(configuration: Path, code: int) -> dict[str, Any]:
    done = attest(configuration.parent, "scan", configuration.name, "--no-running", "--format", "json")
    assert done.returncode == code, done.stderr
    (line,) = done.stdout.splitlines()
    value: dict[str, Any] = json.loads(line)
    return value


def test_a_sealed_server_is_held_against_its_reference(sealed):
    assert told(sealed, 0)["sealed"]["state"] == "MATCH"


def test_of_a_server_and_what_was_derived_from_it_the_whole_one_is_told(sealed):
    path = str(sealed.parent / "data/mcp-attest/references/a-first-one.ref")
    passed(attest(sealed.parent, "derive", "one", "--not-after", "2099-01-01T00:00:00Z", "-o", path))
    assert told(sealed, 0)["sealed"]["reference"] == "one"


def test_a_sealed_server_that_drifted_fails(sealed, environment):
    (environment / SITE / "small/__init__.py").write_bytes(SOURCE.replace(b"hello", b"HELLO"))
    found = told(sealed, 1)
    assert found["sealed"]["state"] == "DRIFT"
    assert {"drift", "changed"} <= {concern["kind"] for concern in found["concerns"]}


def test_a_reference_of_an_untrusted_sealer_is_as_good_as_none(sealed):
    folder = sealed.parent
    data = folder / "data/mcp-attest"
    (data / "trust.json").unlink()
    passed(attest(folder, "key", "new", "other.key"))
    passed(attest(folder, "trust", "new", str(data / "trust.json"), "--sealer", "other.key.pub"))
    assert "sealed" not in told(sealed, 0)


def test_a_server_without_a_command_shows_none():
    found = Scanned(schema=SCAN_SCHEMA, name="one")
    assert "  one" in render((), (found,), home="/root", coloured=False)
