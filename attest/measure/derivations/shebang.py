"""The first lines of installed scripts, which name an interpreter of the same prefix."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from attest.measure.facts import Facts

INTERPRETER: Final = re.compile(r"(?:python|pypy)(?:[0-9]+(?:\.[0-9]+)?t?)?")
"""Names under which virtual environments keep their interpreter."""

_UNQUOTED: Final = re.compile(r"[A-Za-z0-9_@%+=:,./~-]+")
_QUOTABLE: Final = re.compile(r"[^'\"\\$`\x00-\x1f]+")


def after_shebang(facts: Facts, root: str, path: str, script: bytes) -> bytes | None:
    """Return what follows the first line (or the three of a long one); None if they are others.

    Accepted: `#!INTERPRETER`, and for paths that are too long or hold spaces the form that starts
    `/bin/sh`, as pip (distlib) and uv quote it. INTERPRETER lies beside the script; in environments that may be moved,
    uv lets `sh` find it there.
    """
    folder, _, _ = path.rpartition("/")
    names = _interpreters(script)
    for first in map(movable_head, names):
        if script.startswith(first):
            return script[len(first) :]
    for place in facts.spellings(root):
        for name in names:
            for first in _forms(os.path.join(place, folder, name)):
                if script.startswith(first):
                    return script[len(first) :]
    return None


def movable_head(name: str) -> bytes:
    """Return the first three lines of a script of `uv venv --relocatable`: the interpreter `name` beside it."""
    return f"#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'{name}' \"$0\" \"$@\"\n' '''\n".encode()


def _interpreters(script: bytes) -> list[str]:
    """The interpreter names that stand in the first two lines: candidates, not yet believed."""
    head = b"\n".join(script[:8192].split(b"\n", 2)[:2]).decode("utf-8", "replace")
    found = re.findall(r"/(?:bin/|')((?:python|pypy)[0-9.]*t?)(?=[\n'\"\s]|$)", head)
    return [name for name in dict.fromkeys(found) if INTERPRETER.fullmatch(name)]


def _forms(interpreter: str) -> Iterator[bytes]:
    # pipx calls pip with -E, which pip hands on: the script then ignores PYTHON* variables.
    yield from (f"#!{interpreter}{option}\n".encode() for option in ("", " -E"))
    quoted = []
    if _UNQUOTED.fullmatch(interpreter):
        quoted.append(interpreter)
    if _QUOTABLE.fullmatch(interpreter):
        quoted += [f"'{interpreter}'", f'"{interpreter}"']
    for word in quoted:
        for option in ("", " -E"):
            yield f"#!/bin/sh\n'''exec' {word}{option} \"$0\" \"$@\"\n' '''\n".encode()
