"""What a step says to the runner: workflow commands among its output, and the files that it appends to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SHOWN_ANNOTATIONS = 10  # of a kind and step: what GitHub shows
LARGEST_SUMMARY = 1024 * 1024  # bytes a step
_COMMAND = re.compile(r"::(?P<kind>[a-z-]+)(?: (?P<properties>[^:]*))?::(?P<message>.*)")
_KINDS = ("error", "warning", "notice")
_OTHER_KINDS = ("add-mask", "group", "endgroup", "debug")


class RefusedByGitHubError(Exception):
    """What GitHub would refuse or leave out."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """An error, warning or notice as the pull request shows it."""

    kind: str
    message: str
    properties: dict[str, str]


def annotations_in(output: str) -> tuple[Annotation, ...]:
    """Return a step's annotations, unescaped; refuse what GitHub would not show or not know."""
    found = []
    for line in output.splitlines():
        match = _COMMAND.match(line.lstrip())
        if match is None:
            continue
        if match["kind"] not in (*_KINDS, *_OTHER_KINDS):
            raise RefusedByGitHubError(f"an unknown command: {line}")
        if match["kind"] in _KINDS:
            pairs = [pair.partition("=") for pair in (match["properties"] or "").split(",") if pair]
            properties = {key: _unescaped(value) for key, _, value in pairs}
            found.append(Annotation(kind=match["kind"], message=_unescaped(match["message"]), properties=properties))
    for kind in _KINDS:
        if sum(each.kind == kind for each in found) > SHOWN_ANNOTATIONS:
            raise RefusedByGitHubError(f"more than {SHOWN_ANNOTATIONS} annotations of kind {kind}")
    return tuple(found)


def _unescaped(text: str) -> str:
    for escape, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def pairs_in(file: Path) -> dict[str, str]:
    """Return the NAME=VALUE and NAME<<DELIMITER of an environment file, as the runner reads it."""
    pairs: dict[str, str] = {}
    lines = iter(file.read_text().split("\n"))
    for line in lines:
        name, equals, value = line.partition("=")
        heredoc, arrows, delimiter = line.partition("<<")
        if not line:
            continue
        if arrows and (not equals or len(heredoc) < len(name)):
            held: list[str] = []
            for inner in lines:
                if inner == delimiter:
                    break
                held.append(inner)
            else:
                raise RefusedByGitHubError(f"{file.name}: no line {delimiter!r}")
            pairs[heredoc] = "\n".join(held)
        elif equals:
            pairs[name] = value
        else:
            raise RefusedByGitHubError(f"{file.name}: neither NAME=VALUE nor NAME<<DELIMITER: {line!r}")
    return pairs


def summary_in(file: Path) -> str:
    """Return a step's summary; refuse one that GitHub would leave out as a whole."""
    octets = file.read_bytes()
    if len(octets) > LARGEST_SUMMARY:
        raise RefusedByGitHubError(f"a summary of {len(octets)} bytes")
    return octets.decode()
