"""Which interpreters outside the measured roots may compile again what the server's interpreter compiled.

A tree names its interpreter by a link, or, where it holds a copy (`python -m venv --copies`), by the `home` in its
`pyvenv.cfg`: whoever can write to the tree can turn either. So a program is only run if it lies where interpreters are
installed (not beside the tree, in the same archive) and nobody but root and ourselves could have written it or put it
there; and then with `-I -S`, in a child without keys.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"python(3(\.[0-9]{1,2}t?)?)?")
_LINKS: Final = ("bin/python", "bin/python3")
_INSTALLED: Final = ("/usr", "/opt", "/nix/store", "~/.local/share/uv/python", "~/.pyenv/versions", sys.base_prefix)
_CONFIGURATION: Final = "pyvenv.cfg"
_HOME: Final = re.compile(rb"^home[ \t]*=[ \t]*(/[^\0\n]*?)[ \t]*$", re.MULTILINE)
_MOST_BYTES: Final = 16 * 1024
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def interpreters_of(places: Iterable[str], programs: Iterable[str] = ()) -> tuple[Path, ...]:
    """Return the interpreters that the environments at `places` use, as far as they are safe to run.

    `programs` are those of sealed runtimes: measured themselves, as is what they import when they compile, which are
    sources, since `attest.measure.compiler` lets them read no byte code.
    """
    roots = [os.path.realpath(place) for place in places]
    linked = {os.path.realpath(Path(root, link)) for root in roots for link in _LINKS}
    linked |= {
        os.path.realpath(Path(home, Path(link).name)) for home in map(_home_of, roots) for link in _LINKS if home
    }
    outside = {program for program in linked if not any(program.startswith(f"{root}/") for root in roots)}
    return tuple(Path(program) for program in sorted({*outside, *programs}) if _is_safe(Path(program)))


def _home_of(root: str) -> str:
    try:
        with Path(root, _CONFIGURATION).open("rb") as file:
            found = _HOME.search(file.read(_MOST_BYTES))
    except OSError:
        return ""
    return os.fsdecode(found[1]) if found else ""


def _is_safe(program: Path) -> bool:
    installed = (os.path.realpath(os.path.expanduser(place)) for place in _INSTALLED)
    if _NAME.fullmatch(program.name) is None or not any(program.is_relative_to(place) for place in installed):
        return False
    try:
        found = [path.lstat() for path in (program, *program.parents)]
    except OSError:
        return False
    ours = {0, os.geteuid()}
    return stat.S_ISREG(found[0].st_mode) and all(
        status.st_uid in ours and not status.st_mode & _OTHERS_MAY_WRITE for status in found
    )
