"""Arguments that name files: each below a sealed directory, in every way in which a server could read it.

Links are followed by `resolve`, which is handed in. A link that is made between this judgement and the server's own
opening of the file is not seen: only the server's file system rights hold that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.pointers import escape, unescape
from attest.appraisal.calls.readings import readings
from attest.appraisal.calls.ruling import Ruling, refused
from attest.errors import MalformedError
from attest.statement.placeholders import expand
from attest.statement.tools.rules import PathRule

Resolve = Callable[[str], str]
"""From an absolute path to the same without `.`, `..` and links, as far as it exists (`os.path.realpath`)."""

_MAX_CHARACTERS: Final = 4096
"""PATH_MAX of Linux."""
_EVERY: Final = "-"
_NOT_A_PATH: Final = re.compile(r"[\x00-\x1f\x7f\\]")
_OTHER_MEANING: Final = re.compile(r"~|[A-Za-z][A-Za-z0-9+.-]*:")
"""A home directory, a drive, a URI: what they mean is the server's business, so nobody can say where they lead."""


class Containment:
    """One sealed path rule."""

    def __init__(
        self, rule: PathRule, places: Mapping[str, str], resolve: Resolve, working_directory: str | None
    ) -> None:
        """Find out where its directories are now: a link to one of them that changes later leads out of it."""
        self._id = rule.id
        self._steps = tuple(unescape(step) for step in rule.argument.split("/")[1:])
        self._resolve = resolve
        self._folder = working_directory
        # With a slash at the end, so that no neighbour begins like one of them.
        self._below = tuple(_directory(each, places, resolve, rule.id).rstrip("/") + "/" for each in rule.below)

    def judge(self, arguments: Mapping[str, Any]) -> Ruling | None:
        """Return the refusal of the first place outside; nothing is refused where the argument is absent."""
        for value, where in _named(arguments, self._steps):
            why = self._outside(value)
            if why is not None:
                return refused(RuleKind.ARGUMENTS_PATH, why, of=self._id, where=where)
        return None

    def _outside(self, value: Any) -> str | None:  # noqa: ANN401  (any JSON value)
        if value is None:
            return None
        if not isinstance(value, str):
            return "the argument is no path"
        if len(value) > _MAX_CHARACTERS:
            return f"the path is longer than {_MAX_CHARACTERS} characters"
        try:
            for each in readings(value):
                why = self._leads_out(each)
                if why is not None:
                    return why
        except (OSError, ValueError):
            return "the path cannot be resolved"
        return None

    def _leads_out(self, path: str) -> str | None:
        if _NOT_A_PATH.search(path):
            return "the path holds control characters or backslashes"
        if _OTHER_MEANING.match(path):
            return "the path begins like a home directory, a drive or a URI"
        if not path.startswith("/"):
            if self._folder is None:
                return "the path is relative, and no working directory is sealed"
            path = f"{self._folder}/{path}"
        found = self._resolve("/" + path.lstrip("/"))
        if f"{found}/".startswith(self._below):
            return None
        return "the path leads out of the sealed directories"


def _directory(sealed: str, places: Mapping[str, str], resolve: Resolve, rule: str) -> str:
    path = expand(sealed, places)
    if not path.startswith("/"):
        raise MalformedError(f"path rule {rule}", "absolute directories", sealed)
    return resolve("/" + path.lstrip("/"))


def _named(arguments: Mapping[str, Any], steps: tuple[str, ...]) -> Iterator[tuple[Any, str]]:
    """Yield what a pointer names, with the place of each; a wildcard over what is no array yields that as it is."""
    found: list[tuple[Any, str]] = [(dict(arguments), "")]
    for step in steps:
        found = [inner for value, where in found for inner in _inner(value, step, where)]
    yield from found


def _inner(value: Any, step: str, where: str) -> Iterator[tuple[Any, str]]:  # noqa: ANN401  (any JSON value)
    if isinstance(value, dict):
        # To a server in Go, a key that differs in case alone is the same.
        named = [key for key in value if key == step or key.casefold() == step.casefold()]
        yield from ((value[key], f"{where}/{escape(step)}") for key in named)
    elif isinstance(value, list) and step == _EVERY:
        yield from ((each, f"{where}/{index}") for index, each in enumerate(value))
    elif isinstance(value, list) and step.isascii() and step.isdigit():
        if int(step) < len(value):
            yield value[int(step)], f"{where}/{step}"
    elif value is not None:
        # Of another form than sealed: to a lenient server, a string may do for a list of paths.
        yield (value if isinstance(value, str) and step == _EVERY else {}), where
