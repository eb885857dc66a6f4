"""Hashed requirements files, as pip and uv write and read them: each requirement with the hashes of its archives.

Read here is what such a file pins, nothing more: no index is asked, no other file opened. A file that includes another
one (`-r`) is incomplete by itself and refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError
from attest.provenance.components.contents import any_content, limited
from attest.provenance.components.pypi import pypi_purl, split_hash
from attest.provenance.model import Component

MAX_REQUIREMENTS_BYTES: Final = 32 * 1024 * 1024

_COMMENT: Final = re.compile(r"(^|\s)#.*$")
"""As pip does: a # begins a comment at the start of a line or after white space."""
_HASH: Final = re.compile(r"--hash(?:=|\s+)(?P<hash>\S+)")
_OPTION: Final = re.compile(r"\s+(?=--)")
_INCLUDES: Final = ("-r", "--requirement", "-c", "--constraint")
"""What names another file."""
_REQUIREMENT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:===?\s*(?P<version>[^\s;,]+))?.*"
)


def read_requirements(octets: bytes, where: str) -> tuple[Component, ...]:
    """Return every requirement, each with the contents that its hashes admit; one without hashes has none.

    Options of pip stand in such files, too, and say nothing about parts. Raises `MalformedError` for an included file,
    a requirement without a name, a hash that is none.
    """
    if len(octets) > MAX_REQUIREMENTS_BYTES:
        raise MalformedError(where, f"at most {MAX_REQUIREMENTS_BYTES} bytes", f"{len(octets)}")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(where, "UTF-8", f"byte {error.start} is not") from error
    found = (_component(line, at) for line, at in _requirements(text, where))
    return tuple(limited(found, where=where))


def _requirements(text: str, where: str) -> Iterator[tuple[str, str]]:
    for number, line in _logical(text):
        at = f"{where} line {number}"
        if line and not _is_option(line, at):
            yield line, at


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with those that they continue on (a backslash at the end), without comments."""
    start, parts = 1, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.removesuffix("\r")
        if not parts:
            start = number
        comment = _COMMENT.search(bare) is not None
        if bare.endswith("\\") and not comment:
            parts.append(bare[:-1])
            continue
        parts.append(_COMMENT.sub("", bare))
        yield start, " ".join(parts).strip()
        parts.clear()
    if parts:
        yield start, " ".join(parts).strip()


def _is_option(line: str, where: str) -> bool:
    if not line.startswith("-") or line.startswith(("-e", "--editable")):
        return False
    if line.startswith(_INCLUDES):
        hint = "give each file by itself, or one with everything in it (pip-compile, uv pip compile)"
        raise MalformedError(where, "a file that stands by itself", ascii(line)[:80], hint=hint)
    return True


def _component(line: str, where: str) -> Component:
    requirement, *options = _OPTION.split(line)
    if requirement.startswith("-"):
        return Component(name=strict.convert(requirement, Line, where=where))
    match = _REQUIREMENT.fullmatch(requirement)
    if match is None:
        raise MalformedError(where, "NAME==VERSION", ascii(requirement)[:80])
    written = [_hash_of(option, where) for option in options if option.startswith("--hash")]
    return Component(
        name=match["name"],
        version=match["version"],
        purl=pypi_purl(match["name"], match["version"]),
        archives=any_content((split_hash(each, where=where) for each in written), where=where),
    )


def _hash_of(option: str, where: str) -> str:
    match = _HASH.fullmatch(option)
    if match is None:
        raise MalformedError(where, "--hash=sha256:HEX", ascii(option)[:80])
    return match["hash"]
