"""Commands of a distribution, from its `entry_points.txt` (PyPA entry points specification)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from attest.errors import MalformedError

_GROUPS: Final = {"console_scripts", "gui_scripts"}
_NAME: Final = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_OBJECT: Final = re.compile(rf"(?P<module>{_NAME})\s*:\s*(?P<function>{_NAME})\s*(?:\[[\w\s,.-]*\])?\s*")
_COMMAND: Final = re.compile(r"[\w][\w.-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command that an installer makes: `import_name` comes from `module`, `function` is called."""

    name: str
    module: str
    function: str

    @property
    def import_name(self) -> str:
        """The part of `function` before the first dot: what is imported."""
        return self.function.partition(".")[0]


def read_commands(octets: bytes, *, where: str) -> tuple[Command, ...]:
    """Return the console and GUI scripts.

    Raises `MalformedError` for a name given twice or one that is no file name, and for an object
    reference that is none: an installer would write either into a program.
    """
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(where, "UTF-8", f"byte {error.start} is not") from error
    commands: dict[str, Command] = {}
    for name, value in _pairs(text):
        match = _OBJECT.fullmatch(value)
        if match is None or _COMMAND.fullmatch(name) is None or name in commands:
            raise MalformedError(where, "a command once, as name = module:function", ascii(name)[:80])
        commands[name] = Command(name=name, module=match["module"], function=match["function"])
    return tuple(commands.values())


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    group = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif group in _GROUPS:
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()
