"""What commands will really run: every launcher, told from files alone."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError
from attest.measure.commands.invocation import Started
from attest.measure.commands.launchers import LAUNCHERS, launcher_of
from attest.measure.commands.programs import interpreter_words
from attest.measure.commands.python import imports_from_its_folder
from attest.measure.commands.resolving import resolve

SHIM = """#!/bin/sh
basedir=$(dirname "$(echo "$0" | sed -e 's,\\\\,/,g')")
if [ -x "$basedir/node" ]; then
  exec "$basedir/node"  "$basedir/{target}" "$@"
else
  exec node  "$basedir/{target}" "$@"
fi
"""


class Machine:
    """A home, a system with interpreters and launchers, and a project, none of which ever runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.project = folder / "project"
        self.project.mkdir()
        self.environment = {"HOME": str(self.home), "PATH": f"{folder}/usr/bin"}
        for name in ("node", "npx", "npm", "uv", "uvx", "pipx", "env", "sh"):
            self.program(f"usr/bin/{name}")
        self.program("usr/bin/python3.11")
        self.file("usr/lib/python3.11/os.py")
        (folder / "usr/bin/python3").symlink_to("python3.11")

    def file(self, path: str, text: str = "") -> str:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return str(place)

    def program(self, path: str, text: str = "\x7fELF") -> str:
        place = self.file(path, text)
        os.chmod(place, 0o755)  # noqa: PTH101  (a path as text)
        return place

    def package(self, modules: str, name: str = "@small/srv", version: str = "1.0.0", **bins: str) -> str:
        """Install a package with commands, as npm does, and return the folder of their links."""
        told: dict[str, Any] = {"name": name, "version": version, "bin": bins or {"srv": "cli.js"}}
        self.file(f"{modules}/{name}/package.json", json.dumps(told))
        bin_folder = self.folder / modules / ".bin"
        bin_folder.mkdir(parents=True, exist_ok=True)
        for command, target in told["bin"].items():
            self.program(f"{modules}/{name}/{target}", "#!/usr/bin/env node\n")
            (bin_folder / command).symlink_to(f"../{name}/{target}")
        return str(bin_folder)

    def cached(self, *specs: str, cache: str = "home/.npm") -> str:
        digits = hashlib.sha512("\n".join(specs).encode()).hexdigest()[:16]
        return f"{cache}/_npx/{digits}/node_modules"

    def start(self, *words: str, cwd: Path | None = None, **environment: str) -> Started:
        return resolve(words, cwd=str(cwd or self.project), environment={**self.environment, **environment})

    @property
    def node(self) -> str:
        return f"{self.folder}/usr/bin/node"

    @property
    def python(self) -> str:
        return f"{self.folder}/usr/bin/python3"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path.resolve())


@pytest.mark.parametrize("name", LAUNCHERS)
def test_a_launcher_without_anything_to_start_is_refused(name: str, machine: Machine) -> None:
    with pytest.raises(AttestError) as caught:
        machine.start(name if name != "python" else "python3")
    assert isinstance(caught.value, RefusedError)


@pytest.mark.parametrize("name", sorted(set(LAUNCHERS) - {"env", "node", "python"}))
def test_an_option_that_is_not_known_is_refused(name: str, machine: Machine) -> None:
    words = {"npm": ("exec",), "uv": ("run",)}.get(name, ())
    with pytest.raises(RefusedError):
        machine.start(name, *words, "--never-heard-of", "it")


def test_other_programs_have_no_launcher() -> None:
    assert launcher_of("/x/server") is None
    assert launcher_of("/x/python-config") is None
    assert launcher_of("/venv/bin/python3.12") is LAUNCHERS["python"]


WORDS = st.lists(st.sampled_from(
    ["env", "node", "npx", "npm", "exec", "uv", "uvx", "run", "tool", "python3", "pipx", "sh", "-m", "-p", "-y", "-r",
     "--", "--from", "--package=x", "A=b", "s.py", "s.js", "a.b", ".", "..", "/", "", "-",
     "@a/b@1", "x" * 5000, "\udc80"]
), max_size=6)  # fmt: skip


@given(WORDS)
def test_any_command_is_a_process_or_a_refusal(words: list[str]) -> None:
    with TemporaryDirectory() as folder, suppress(AttestError):
        machine = Machine(Path(folder).resolve())
        machine.file("project/s.py")
        machine.file("project/s.js")
        assert all(os.path.exists(file) for file in machine.start(*words).code)  # noqa: PTH110


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(machine: Machine) -> None:
    for name in ("package.json", ".npmrc", "s.py"):
        os.mkfifo(machine.project / name)
    for words in (("npx", "srv"), ("node", "."), ("uv", "run", "s.py"), ("python3", "s.py")):
        with pytest.raises(AttestError):
            machine.start(*words)


# Scripts


def test_env_is_looked_through(machine: Machine) -> None:
    path = machine.program("project/s", "#!/usr/bin/env -S A=1 node '--title=a b'\n")
    found = machine.start("./s", "x")
    assert found == Started(interpreter=machine.node, argv=("--title=a b", path, "x"), code=(path,))
    assert machine.start("env", "A=1", "./s", "x") == found


@pytest.mark.parametrize("line", ["#!\n", "#!/usr/bin/env -i node\n", "#!/usr/bin/env -S PATH=/x node\n", "#!/no/end"])
def test_a_first_line_that_names_no_interpreter_is_malformed(line: str, machine: Machine) -> None:
    with pytest.raises(MalformedError):
        interpreter_words(machine.program("project/s", line))


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
def test_the_long_form_that_installers_write_is_understood(written: str, started: list[str], machine: Machine) -> None:
    assert interpreter_words(machine.program("project/s", LONG.format(written))) == started


def test_a_script_that_may_be_moved_starts_the_interpreter_beside_the_file(machine: Machine) -> None:
    path = machine.program("tree/bin/s", LONG.format(MOVABLE))
    link = machine.project / "server"
    link.symlink_to(path)
    beside = machine.program("tree/bin/python")
    assert interpreter_words(str(link)) == [beside]
    assert machine.start(path, "x") == Started(interpreter=beside, argv=(path, "x"), code=(path,))


def test_a_script_in_the_place_of_an_interpreter_is_refused(machine: Machine) -> None:
    machine.program("usr/bin/python3", "#!/bin/sh\nexec pyenv exec\n")
    with pytest.raises(RefusedError, match="a script that starts it") as caught:
        machine.start("python3", machine.file("project/s.py"))
    assert "pyenv which python3" in str(caught.value.hint)


def test_the_shims_of_pnpm_start_their_target(machine: Machine) -> None:
    machine.package("project/node_modules")
    machine.program("project/node_modules/.bin/shim", SHIM.format(target="../@small/srv/cli.js"))
    target = f"{machine.project}/node_modules/@small/srv/cli.js"
    found = machine.start("node_modules/.bin/shim", "x")
    assert found == Started(argv=(machine.node, target, "x"), code=(target,))
    beside = machine.program("project/node_modules/.bin/node")
    assert machine.start("node_modules/.bin/shim").argv == (beside, target)


def test_a_command_that_leads_back_to_itself_is_refused(machine: Machine) -> None:
    with pytest.raises(RefusedError, match="more"):
        machine.start(*["env"] * 9, "sh")


# Node.js


def test_options_of_node_come_before_the_script(machine: Machine) -> None:
    script = machine.file("project/s.js")
    preload = machine.file("project/p.js")
    found = machine.start("node", "--enable-source-maps", "-r", "./p.js", "s.js", "--x")
    assert found.argv == (machine.node, "--enable-source-maps", "-r", "./p.js", script, "--x")
    assert found.code == (preload, script)


def test_a_folder_starts_with_its_main_file(machine: Machine) -> None:
    main = machine.file("project/lib/m.js")
    machine.file("project/package.json", '{"main": "lib/m"}')
    assert machine.start("node", ".").code == (main,)
    assert machine.start("node", ".").argv == (machine.node, str(machine.project))


@pytest.mark.parametrize("words", [("--max-old", "1", "s.js"), ("absent.js",), ("-r", "absent", "s.js"), ("-",)])
def test_what_node_would_not_find_is_refused(words: tuple[str, ...], machine: Machine) -> None:
    machine.file("project/s.js")
    with pytest.raises(RefusedError):
        machine.start("node", *words)


# Python


def test_modules_come_with_the_packages_above_them(machine: Machine) -> None:
    files = [machine.file(f"project/{name}") for name in ("a/__init__.py", "a/b/__init__.py", "a/b/__main__.py")]
    found = machine.start("python3", "-um", "a.b", "-x")
    assert found == Started(argv=(machine.python, "-um", "a.b", "-x"), code=tuple(files))


def test_the_current_folder_hides_packages_unless_it_is_left_out(machine: Machine) -> None:
    near = machine.file("project/a.py")
    far = machine.file("usr/lib/python3.11/site-packages/a.py")
    path = machine.file("path/a.py")
    assert machine.start("python3", "-m", "a").code == (near,)
    assert machine.start("python3", "-Pm", "a").code == (far,)
    assert machine.start("python3", "-m", "a", PYTHONSAFEPATH="1").code == (far,)
    assert machine.start("python3", "-P", "-m", "a", PYTHONPATH=str(machine.folder / "path")).code == (path,)
    assert machine.start("python3", "-Im", "a", PYTHONPATH=str(machine.folder / "path")).code == (far,)


def test_an_environment_has_its_own_packages_and_folders_of_pth_files(machine: Machine) -> None:
    machine.file("usr/lib/python3.11/site-packages/a.py")
    (machine.project / "v/bin").mkdir(parents=True)
    (machine.project / "v/bin/python").symlink_to(machine.python)
    machine.file("project/v/pyvenv.cfg", "include-system-site-packages = false\n")
    with pytest.raises(RefusedError, match="module"):
        machine.start("v/bin/python", "-m", "a")
    more = machine.file("more/a.py")
    machine.file("project/v/lib/python3.11/site-packages/x.pth", f"import os\n{machine.folder}/more\n")
    found = machine.start("v/bin/python", "-m", "a")
    assert found == Started(argv=(f"{machine.project}/v/bin/python", "-m", "a"), code=(more,))


@pytest.mark.parametrize("module", ["absent", "package", "library", "a/b", "plain.b"])
def test_modules_that_cannot_be_started_are_refused(module: str, machine: Machine) -> None:
    machine.file("project/package/__init__.py")
    machine.file("project/library.cpython-311-x86_64-linux-gnu.so")
    machine.file("project/plain.py")
    with pytest.raises(RefusedError):
        machine.start("python3", "-m", module)


def test_scripts_are_named_by_their_absolute_path(machine: Machine) -> None:
    script = machine.file("project/s.py")
    assert machine.start("python3", "-W", "error", "-X", "dev", "s.py", "-m").argv == (
        machine.python, "-W", "error", "-X", "dev", script, "-m",
    )  # fmt: skip
    main = machine.file("project/app/__main__.py")
    assert machine.start("python3", "app").code == (main,)
    assert machine.start("python3", "-c", "import server").code == ()


# npx


def test_npx_takes_the_projects_own_command_first(machine: Machine) -> None:
    bins = machine.package("project/node_modules")
    below = machine.project / "deep"
    below.mkdir()
    for words in (("npx", "srv"), ("npx", "-y", "@small/srv"), ("npx", "-p", "@small/srv", "srv"),
                  ("npx", "@small/srv@1.0.0"), ("npm", "exec", "--", "srv")):  # fmt: skip
        found = machine.start(*words, "--a", cwd=below)
        real = f"{machine.project}/node_modules/@small/srv/cli.js"
        assert found == Started(interpreter=machine.node, argv=(f"{bins}/srv", "--a"), code=(real,)), words


@pytest.mark.parametrize("spec", ["@small/srv", "@small/srv@1.0.0", "@small/srv@latest"])
def test_npx_looks_into_its_cache(spec: str, machine: Machine) -> None:
    bins = machine.package(machine.cached(spec))
    assert machine.start("npx", "-y", spec, "x").argv == (f"{bins}/srv", "x")
    assert machine.start("npx", "-y", "-p", spec, "--", "srv").argv == (f"{bins}/srv",)


def test_the_cache_lies_where_npm_is_told(machine: Machine) -> None:
    bins = machine.package(machine.cached("small", cache="other"), "small", small="s.js")
    machine.file("home/.npmrc", "# cache=/no\ncache=${HOME}/../other\n")
    assert machine.start("npx", "small").argv == (f"{bins}/small",)
    with pytest.raises(UnavailableError):
        machine.start("npx", "small", npm_config_cache="/nowhere")


def test_npx_finds_what_is_installed_for_all(machine: Machine) -> None:
    machine.package("usr/lib/node_modules")
    (machine.folder / "usr/bin/srv").symlink_to("../lib/node_modules/@small/srv/cli.js")
    for words in (("npx", "srv"), ("npx", "@small/srv")):
        assert machine.start(*words).argv == (f"{machine.folder}/usr/bin/srv",)


def test_a_package_of_several_commands_has_one_of_its_name(machine: Machine) -> None:
    bins = machine.package(machine.cached("two"), "two", one="a.js", two="b.js")
    assert machine.start("npx", "two").argv == (f"{bins}/two",)
    machine.package(machine.cached("many"), "many", one="a.js", other="b.js")
    with pytest.raises(RefusedError) as caught:
        machine.start("npx", "many")
    assert caught.value.hint == "npx -p many COMMAND"


def test_what_is_not_installed_comes_with_the_command_that_installs_it(machine: Machine) -> None:
    with pytest.raises(UnavailableError) as caught:
        machine.start("npx", "-y", "@small/srv@1")
    assert caught.value.hint == f"(cd {machine.project} && npx -y -p @small/srv@1 -- true)"


def test_a_range_beside_an_installed_version_is_refused(machine: Machine) -> None:
    machine.package("project/node_modules")
    with pytest.raises(RefusedError, match="exact version"):
        machine.start("npx", "@small/srv@^1")


def test_scripts_of_a_project_are_not_guessed(machine: Machine) -> None:
    with pytest.raises(RefusedError, match="npm exec"):
        machine.start("npm", "run", "start")


# uv


def environment(machine: Machine, folder: str) -> str:
    (machine.folder / folder / "bin").mkdir(parents=True)
    (machine.folder / folder / "bin/python").symlink_to(machine.python)
    machine.file(f"{folder}/pyvenv.cfg", "")
    machine.program(f"{folder}/bin/srv-cli", f"#!{machine.folder}/{folder}/bin/python\n")
    return f"{machine.folder}/{folder}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("srv", ("uvx", "--from", "srv", "srv-cli")),
        ("srv", ("uv", "tool", "run", "--from", "Srv==1.0", "srv-cli")),
        ("srv-cli", ("uvx", "--quiet", "srv-cli@1.0")),
    ],
)
def test_an_installed_tool_is_what_uvx_starts(name: str, words: tuple[str, ...], machine: Machine) -> None:
    tool = environment(machine, f"home/.local/share/uv/tools/{name}")
    machine.file(f"home/.local/share/uv/tools/{name}/uv-receipt.toml")
    packages = f"home/.local/share/uv/tools/{name}/lib/python3.11/site-packages"
    machine.file(f"{packages}/{name.replace('-', '_')}-1.0.dist-info/METADATA")
    found = machine.start(*words, "x")
    assert (found.interpreter, found.argv) == (f"{tool}/bin/python", (f"{tool}/bin/srv-cli", "x"))
    with pytest.raises(UnavailableError) as caught:
        machine.start("uvx", f"{name}@2.0")
    assert f"uv tool install {name}==2.0" in str(caught.value.hint)


def test_uv_run_takes_the_environment_of_the_project(machine: Machine) -> None:
    place = environment(machine, "project/.venv")
    machine.file("project/pyproject.toml")
    script = machine.file("project/src/s.py")
    python = f"{place}/bin/python"
    assert machine.start("uv", "run", "--frozen", "srv-cli").argv == (f"{place}/bin/srv-cli",)
    elsewhere = machine.folder
    assert machine.start("uv", "--directory", "project/src", "run", "s.py", "x", cwd=elsewhere) == Started(
        argv=(python, script, "x"), code=(script,)
    )
    other = machine.start("uv", "run", "--project", "project", "python", "project/src/s.py", cwd=elsewhere)
    assert other.argv[0] == python
    assert machine.start("uv", "run", "-m", "src.s").argv == (python, "-m", "src.s")


def test_uv_run_without_something_that_stays_is_refused(machine: Machine) -> None:
    machine.file("project/pyproject.toml")
    with pytest.raises(UnavailableError, match="environment"):
        machine.start("uv", "run", "srv")
    script = machine.program("project/s.py", "#!/usr/bin/env -S uv run --script\n# /// script\n# ///\n")
    with pytest.raises(RefusedError, match="own packages"):
        machine.start(script)


def test_packages_that_uv_would_put_into_its_cache_are_refused_with_what_to_install(machine: Machine) -> None:
    words = ("--with", "mcp[cli]", "mcp", "run", "server.py")
    with pytest.raises(RefusedError) as caught:
        machine.start("uv", "run", *words)
    assert str(caught.value.hint).startswith("uv tool install 'mcp[cli]', ")
    with pytest.raises(RefusedError) as caught:
        machine.start("uv", "run", "--with", "git+https://user:secret@example.org/srv", "srv")
    assert "secret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("name", ["mcp", "fastmcp"])
def test_a_server_that_the_sdk_runs_from_a_file_is_code_that_is_started(name: str, machine: Machine) -> None:
    place = environment(machine, "project/.venv")
    machine.program(f"project/.venv/bin/{name}", f"#!{place}/bin/python\n")
    server = machine.file("project/server.py")
    program = f"{place}/bin/{name}"
    for words in (("server.py",), ("--transport", "stdio", "server.py:app"), (server, "--no-banner")):
        found = machine.start(program, "run", *words)
        assert (found.interpreter, found.argv) == (f"{place}/bin/python", (program, "run", *words))
        assert found.code == (program, server)
    assert machine.start(program, "version").code == (program,)
    assert machine.start(program, "run", "gone.py").code == (program,)


def test_pipx_run_is_refused_with_what_to_install(machine: Machine) -> None:
    with pytest.raises(RefusedError) as caught:
        machine.start("pipx", "run", "srv")
    assert str(caught.value.hint).startswith("pipx install srv")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("/v/bin/python", "-m", "server"), True),
        (("/v/bin/python3.11", "-u", "-W", "ignore", "-m", "server", "-P"), True),
        (("/v/bin/python", "-uc", "import server"), True),
        (("/v/bin/python", "-P", "-m", "server"), False),
        (("/v/bin/python", "-Im", "server"), False),
        (("/v/bin/python", "-u", "/v/bin/server", "-m"), False),
        (("/v/bin/python", "--", "-m"), False),
        (("/v/bin/node", "-c", "server.js"), False),
    ],
)
def test_modules_and_texts_import_from_the_folder_where_python_is_started(argv, expected):
    assert imports_from_its_folder(argv) is expected
