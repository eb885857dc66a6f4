"""`uv run`: what uv would start in a project's environment; `uvx` and `uv tool run` start tools."""

from __future__ import annotations

import os
import re
import shlex
from typing import Final

from attest.errors import RefusedError, UnavailableError
from attest.measure.commands.invocation import Invocation, parents
from attest.measure.commands.options import Options, read_options
from attest.measure.commands.reading import read_beginning
from attest.measure.commands.uvx import QUIET, start_tool

_PLACES: Final = frozenset(("--directory", "--project"))
_VALUED: Final = _PLACES | {"--extra", "--group", "--only-group", "--no-group", "--package"}
_SWITCHES: Final = QUIET | {
    "--frozen", "--locked", "--no-sync", "--no-dev", "--only-dev", "--all-extras", "--all-groups", "--all-packages",
    "--no-editable", "--no-default-groups", "--exact", "--no-env-file", "-m", "--module", "-s", "--script",
}  # fmt: skip
_WITH: Final = frozenset(("--with", "-w"))
_PLAIN: Final = re.compile(r"[A-Za-z0-9._,\[\]=<>!~-]+")
"""A package and its version; an address may hold a password."""
_SCRIPT_METADATA: Final = re.compile(rb"^# /// script\s*$", re.MULTILINE)
_PYTHON: Final = re.compile(r"python(3(\.[0-9]{1,2})?)?")


def start_uvx(invocation: Invocation) -> Invocation:
    """Return the command that `uvx` starts."""
    return start_tool(invocation, invocation.words[1:])


def start_uv(invocation: Invocation) -> Invocation:
    """Return the command that `uv run` or `uv tool run` starts; other commands of uv start no server."""
    before = read_options("uv", invocation.words[1:], valued=_PLACES, switches=QUIET)
    if before.rest[:2] == ("tool", "run"):
        return start_tool(invocation.becomes(*invocation.words, cwd=_folder(invocation, before)), before.rest[2:])
    if before.rest[:1] != ("run",):
        found = " ".join(before.rest[:1]) or "none"
        raise RefusedError("uv", "uv run, uv tool run or uvx", found, hint="give the program: -- PROGRAM ARGUMENTS")
    options = read_options("uv run", before.rest[1:], valued=_VALUED | _WITH, switches=_SWITCHES)
    _refuse_cache(options)
    return _run(invocation, Options(given=(*before.given, *options.given), rest=options.rest))


def _refuse_cache(options: Options) -> None:
    """Refuse packages that uv puts into its cache, which it cleans up, and say how to install the same for good."""
    wanted = next((value for name, value in options.given if name in _WITH), None)
    if wanted is not None:
        package = shlex.quote(wanted) if _PLAIN.fullmatch(wanted) else "PACKAGE"
        raise RefusedError(
            "uv run --with", "a command of an installed package", "one in the cache of uv",
            hint=f"uv tool install {package}, and give the path of its command in $(uv tool dir)",
        )  # fmt: skip


def _run(invocation: Invocation, options: Options) -> Invocation:
    if not options.rest:
        raise RefusedError("uv run", "a command", "none")
    word, *arguments = options.rest
    there = invocation.becomes(*invocation.words, cwd=_folder(invocation, options))
    is_module = any(name in {"-m", "--module"} for name, _ in options.given)
    is_script = any(name in {"-s", "--script"} for name, _ in options.given) or (
        word.endswith(".py") and os.path.isfile(there.absolute(word))
    )
    if is_script and _names_its_own_packages(there.absolute(word)):
        raise RefusedError(
            f"uv run {word}", "a script of a project", "one that names its own packages, installed in uv's cache",
            hint=f"uv venv && uv pip install -r {word}, and give: -- .venv/bin/python {word}",
        )  # fmt: skip
    environment = _environment(there, options.last("--project"))
    bins = os.path.join(environment, "bin")
    start = [os.path.join(bins, "python"), *(["-m"] if is_module else [])] if is_module or is_script else []
    if not start and _PYTHON.fullmatch(word):
        word = os.path.join(bins, word)
    return there.becomes(*start, word, *arguments, first=(bins,)).assigned({"VIRTUAL_ENV": environment})


def _folder(invocation: Invocation, options: Options) -> str:
    return invocation.absolute(options.last("--directory") or ".")


def _environment(invocation: Invocation, project: str | None) -> str:
    """Return the environment of the project, which in a workspace lies at the top of that."""
    told = invocation.environment
    start = invocation.absolute(project or ".")
    with_project = [folder for folder in parents(start) if os.path.isfile(f"{folder}/pyproject.toml")]
    named = told.get("UV_PROJECT_ENVIRONMENT") if with_project else told.get("VIRTUAL_ENV")
    places = [os.path.join(folder, ".venv") for folder in with_project or parents(start)]
    if named:
        places = [os.path.normpath(os.path.join(with_project[-1] if with_project else start, named))]
    found = next((place for place in places if os.path.isfile(f"{place}/pyvenv.cfg")), None)
    if found is None:
        raise UnavailableError("uv run", "the environment of the project", "none", hint=f"(cd {start} && uv sync)")
    return found


def _names_its_own_packages(script: str) -> bool:
    """Return whether a script has inline metadata (PyPA, inline script metadata)."""
    try:
        return _SCRIPT_METADATA.search(read_beginning(script)) is not None
    except OSError as error:
        raise UnavailableError(script, "a script", error.strerror or "an error") from error
