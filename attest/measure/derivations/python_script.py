"""python-script: `bin/NAME` is what pip or uv makes of an entry point (PyPA entry points)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from attest.errors import MalformedError
from attest.measure.derivations.rule import Outcome, Rule, underived, written
from attest.measure.derivations.shebang import after_shebang
from attest.measure.entry_points import Command, read_commands
from attest.measure.facts import Facts
from attest.measure.places import site_at
from attest.statement.manifest import FileKind
from attest.statement.observation import Derivation, Key

_PATH: Final = re.compile(r"(?:.*/)?bin/[^/]+")
_MAX_BYTES: Final = 64 * 1024
_ENTRY_POINTS_BYTES: Final = 1024 * 1024

# What each tool writes after the interpreter's line.
_PIP: Final = (
    "# -*- coding: utf-8 -*-\n"
    "import re\n"
    "import sys\n"
    "from {module} import {import_name}\n"
    "if __name__ == '__main__':\n"
    "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
    "    sys.exit({function}())\n"
)
"""pip before 25.2."""
_PIP_NEW: Final = (
    "import sys\n"
    "from {module} import {import_name}\n"
    "if __name__ == '__main__':\n"
    "    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n"
    "    sys.exit({function}())\n"
)
_UV: Final = (
    "# -*- coding: utf-8 -*-\n"
    "import sys\n"
    "from {module} import {import_name}\n"
    'if __name__ == "__main__":\n'
    '    if sys.argv[0].endswith("-script.pyw"):\n'
    "        sys.argv[0] = sys.argv[0][:-11]\n"
    '    elif sys.argv[0].endswith(".exe"):\n'
    "        sys.argv[0] = sys.argv[0][:-4]\n"
    "    sys.exit({function}())\n"
)
_TEMPLATES: Final = (_PIP, _PIP_NEW, _UV)


def claims(path: str) -> bool:
    """Return whether the path is that of a command."""
    return _PATH.fullmatch(path) is not None


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Make the script anew from each sealed entry point of its name in the same prefix."""
    name = path.rpartition("/")[2]
    found = list(_commands(facts, root, path, name))
    if not found:
        return None
    seen = facts.observed((root, path))
    if seen is None or seen.type_ is not FileKind.FILE or not seen.executable:
        return underived("not an executable file")
    body = after_shebang(facts, root, path, facts.read((root, path), _MAX_BYTES))
    for key, command in found:
        if body is not None and body in _bodies(command):
            return Derivation(rule=RULE.name, inputs=(written(key),))
    return underived("not what pip or uv makes of its entry point")


def _commands(facts: Facts, root: str, path: str, name: str) -> Iterator[tuple[Key, Command]]:
    prefix = os.path.dirname(os.path.dirname(facts.absolute((root, path))))
    for key in facts.entry_points:
        if site_at(os.path.dirname(os.path.dirname(facts.absolute(key)))).prefix != prefix:
            continue
        try:
            commands = read_commands(facts.read(key, _ENTRY_POINTS_BYTES), where=written(key))
        except MalformedError:
            continue
        yield from ((key, command) for command in commands if command.name == name)


def _bodies(command: Command) -> list[bytes]:
    names = {
        "module": command.module,
        "import_name": command.import_name,
        "function": command.function,
    }
    return [template.format(**names).encode() for template in _TEMPLATES]


RULE: Final = Rule(name="python-script", required=True, claims=claims, derive=derive)
