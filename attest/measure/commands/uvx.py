"""`uvx PACKAGE`, `uv tool run`: what uv would start of a tool that is installed.

uv takes the environment of an installed tool (`uv tool install`) if it is what was asked for. Without one it makes an
environment in its cache, which any clean-up removes and whose name does not tell what is in it: nothing to seal.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Final

from attest.errors import RefusedError, UnavailableError
from attest.measure.commands.invocation import Invocation
from attest.measure.commands.options import read_options

QUIET: Final = frozenset(
    ("-q", "--quiet", "-v", "--verbose", "--offline", "--no-progress", "--native-tls", "--no-config",
     "--no-python-downloads")
)  # fmt: skip
_VALUED: Final = frozenset(("--from", "--index"))
_SPEC: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?(?:(?:@|==)(?P<version>[0-9][0-9A-Za-z.+!-]*))?"
)


def start_tool(invocation: Invocation, words: tuple[str, ...]) -> Invocation:
    """Return the command that `uvx` with these words starts; raise `UnavailableError` if its tool is not installed."""
    options = read_options("uvx", words, valued=_VALUED, switches=QUIET)
    if not options.rest:
        raise RefusedError("uvx", "a package or a command", "none")
    word, *arguments = options.rest
    spec = options.last("--from") or word
    asked = _SPEC.fullmatch(spec)
    if asked is None:
        raise RefusedError(
            f"uvx {spec}", "PACKAGE or PACKAGE@VERSION", "another specification",
            hint=f"uv tool install {shlex.quote(spec)}, then give the path of its command in $(uv tool dir)",
        )  # fmt: skip
    command = word if options.last("--from") else asked["name"]
    name = re.sub(r"[-_.]+", "-", asked["name"]).lower()
    tool = os.path.join(tool_folder(invocation), name)
    wanted = f"{name}=={asked['version']}" if asked["version"] else name
    if not _is_installed(tool, name, asked["version"]):
        raise UnavailableError(
            f"uvx {spec}", "an installed tool, since nothing in uv's cache stays", "none",
            hint=f"uv tool install {wanted}, then seal the TREE {tool}",
        )  # fmt: skip
    program = os.path.join(tool, "bin", command)
    if not os.path.isfile(program):
        raise RefusedError(
            f"uvx {spec}", f"a command {command} in {tool}", "none", hint=f"uvx --from {shlex.quote(spec)} COMMAND"
        )
    return invocation.becomes(program, *arguments, first=(os.path.dirname(program),))


def tool_folder(invocation: Invocation) -> str:
    """Return where uv keeps installed tools."""
    told = invocation.environment
    shared = told.get("XDG_DATA_HOME") or os.path.join(invocation.home, ".local", "share")
    return invocation.absolute(told.get("UV_TOOL_DIR") or os.path.join(shared, "uv", "tools"))


def _is_installed(tool: str, name: str, version: str | None) -> bool:
    pattern = f"lib/python3*/site-packages/{name.replace('-', '_')}-{version or '*'}.dist-info"
    return os.path.isfile(os.path.join(tool, "uv-receipt.toml")) and any(Path(tool).glob(pattern))
