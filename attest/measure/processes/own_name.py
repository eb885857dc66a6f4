"""The name by which a process was started (argv[0]): CPython finds by it the virtual environment to take packages from.

The kernel says which file runs, and nothing of how it was called. A link to a sealed interpreter, or a word handed to
it alone, is enough to bring another environment along (PEP 405, Modules/getpath.py).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import Final

from attest.measure.trail import real_path

_CONFIGURATION: Final = "pyvenv.cfg"


def environment_by_name(
    arguments: Sequence[str], variables: bytes, working_directory: str, prefix: str = ""
) -> str | None:
    """Return the virtual environment that the first argument leads to; None if it leads to none.

    A bare name is looked up as CPython does, in `PATH`; `variables` are those of procfs. `prefix` is the root directory
    of the process, if that is not ours.
    """
    name = arguments[0] if arguments else ""
    if "/" in name:
        return environment_of(os.path.join(working_directory, name), prefix)
    for folder in _path(variables):
        program = os.path.join(working_directory, folder, name)
        if name and _is_program(f"{prefix}{real_path(program, prefix)}"):
            return environment_of(program, prefix)
    return None


def environment_of(program: str, prefix: str = "") -> str | None:
    """Return the directory with a `pyvenv.cfg` in which a program lies, or the one above; links followed, but its own.

    None if there is none.
    """
    folder = os.path.dirname(program)
    for place in (folder, os.path.dirname(folder)):
        found = real_path(place, prefix)
        if "\0" not in place and os.path.lexists(f"{prefix}{found}/{_CONFIGURATION}"):
            return found
    return None


def _path(variables: bytes) -> Iterator[str]:
    for variable in variables.split(b"\0"):
        name, _, value = variable.partition(b"=")
        if name == b"PATH":
            yield from value.decode("utf-8", "surrogateescape").split(":")
            return


def _is_program(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)
