"""`node [options] SCRIPT`: the process is `node` itself, its arguments as they were given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final

from attest.codec import strict
from attest.errors import RefusedError
from attest.measure.commands.invocation import Invocation, Started, parents
from attest.measure.commands.programs import find_interpreter
from attest.measure.commands.reading import read_beginning
from attest.measure.package_json import MAX_PACKAGE_BYTES

_PRELOADS: Final = ("-r", "--require", "--import", "--loader", "--experimental-loader")
_VALUED: Final = frozenset(
    (*_PRELOADS, "-C", "--conditions", "--env-file", "--env-file-if-exists", "--title", "--icu-data-dir",
     "--input-type", "--max-http-header-size", "--diagnostic-dir", "--unhandled-rejections", "--stack-trace-limit",
     "--disable-warning", "--experimental-config-file", "--openssl-config")
)  # fmt: skip
"""Options of Node.js (`node --help`) that may take the next word; all others are switches or have a `=`."""
_TEXT: Final = frozenset({"-e", "--eval", "-p", "--print", "-pe"})
"""What runs stands in the argument, which is sealed."""
_ENDINGS: Final = ("", ".js", ".json", ".node")
_INDEXES: Final = ("index.js", "index.json", "index.node")


def start_node(invocation: Invocation) -> Started:
    """Return the process of a script; raise `RefusedError` where the command names none."""
    node = find_interpreter(invocation, invocation.words[0])
    words = invocation.words[1:]
    at = _place_of_script(words)
    if any(word.partition("=")[0] in _TEXT for word in words[:at]):
        return Started(argv=(node, *words))
    script = _file_of(invocation.absolute(words[at])) if at < len(words) else None
    if script is None:
        raise RefusedError(
            " ".join(invocation.words),
            "a script that exists",
            words[at] if at < len(words) else "none",
            hint="give values of options with =: node --option=value SCRIPT",
        )
    code = (*_preloaded(invocation, words[:at]), os.path.realpath(script))
    return Started(argv=(node, *words[:at], invocation.absolute(words[at]), *words[at + 1 :]), code=code)


def _place_of_script(words: Sequence[str]) -> int:
    place = 0
    while place < len(words) and words[place].startswith("-") and words[place] != "-":
        if words[place] == "--":
            return place + 1
        place += 2 if words[place] in _VALUED else 1
    return place


def _file_of(path: str) -> str | None:
    """Find a main module as Node.js does: the file, with an ending, or the main file of a folder."""
    for ending in _ENDINGS:
        if os.path.isfile(path + ending):
            return path + ending
    main = _main_of(path)
    named = [] if main is None else [os.path.join(path, main + ending) for ending in _ENDINGS]
    inside = [] if main is None else [os.path.join(path, main, index) for index in _INDEXES]
    candidates = (*named, *inside, *(os.path.join(path, index) for index in _INDEXES))
    return next((file for file in candidates if os.path.isfile(file)), None)


def _main_of(folder: str) -> str | None:
    try:
        octets = read_beginning(os.path.join(folder, "package.json"), MAX_PACKAGE_BYTES + 1)
    except OSError:
        return None
    told = strict.parse(octets, where=f"{folder}/package.json", max_bytes=MAX_PACKAGE_BYTES)
    main = told.get("main") if isinstance(told, dict) else None
    return main if isinstance(main, str) else None


def _preloaded(invocation: Invocation, options: Sequence[str]) -> Iterator[str]:
    """Yield what runs before the script: files, or the folders of packages."""
    for place, word in enumerate(options):
        name, equals, value = word.partition("=")
        if name not in _PRELOADS:
            continue
        module = value if equals else "".join(options[place + 1 : place + 2])
        found = _file_of(invocation.absolute(module)) if module.startswith((".", "/")) else _package(invocation, module)
        if found is None:
            raise RefusedError(f"node {name}", "a module that exists", module or "none")
        yield os.path.realpath(found)


def _package(invocation: Invocation, module: str) -> str | None:
    name = "/".join(module.split("/")[: 2 if module.startswith("@") else 1])
    places = (os.path.join(folder, "node_modules", name) for folder in parents(invocation.cwd))
    return next((place for place in places if name and os.path.isdir(place)), None)
