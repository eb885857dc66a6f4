"""Changed tools, for a person who decides whether a model may read them: every new word is shown, however many."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from attest.codec.printable import printable
from attest.seal.tools.comparing import DefinitionChange, HowDefined, ValueChange

_WIDTH: Final = 100
_KEPT: Final = 4
"""Words that are shown around a change."""
_MOST_WORDS: Final = 2000
"""More are not compared, but shown before and after: comparing takes the square of their number."""
_MOST_CHARACTERS: Final = 262_144
_WORDS: Final = re.compile(r"\s+|[^\s\w]|\w+")


def definition_lines(changes: Sequence[DefinitionChange]) -> Iterator[str]:
    """Yield the lines of tools that are described otherwise; unprintable characters are escapes."""
    for change in changes:
        name = printable(change.name)
        yield f"{change.how:8}  {name if change.old_name is None else f'{printable(change.old_name)} -> {name}'}"
        if change.how is not HowDefined.REMOVED:
            for value in change.values:
                yield from _value(value, new=change.how is HowDefined.ADDED)


def rule_lines(changes: Sequence[ValueChange]) -> Iterator[str]:
    """Yield the lines of rules that changed."""
    for change in changes:
        yield from wrapped(f"{change.name}  {_both(change)}", indent=0)


def _value(change: ValueChange, *, new: bool) -> Iterator[str]:
    if new:
        if change.name != "name":
            yield from wrapped(f"{change.name}  {_plain(change.new)}", indent=2)
        return
    old, now = _text_of(change.old), _text_of(change.new)
    if old is not None and now is not None:
        yield from wrapped(f"{change.name}  {word_difference(old, now)}", indent=2)
    else:
        yield from wrapped(f"{change.name}  {_both(change)}", indent=2)


def word_difference(old: str, new: str) -> str:
    """Return both texts as one: `[-gone-]` and `{+come+}`, a few words around each, `…` for what stayed."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if max(len(before), len(after)) > _MOST_WORDS:
        return f"[-{old}-]{{+{new}+}}"
    pieces: list[str] = []
    for what, start, stop, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            pieces.append(_shortened(before[start:stop], first=start == 0, last=stop == len(before)))
            continue
        gone, come = "".join(before[start:stop]), "".join(after[begin:end])
        pieces += [f"[-{gone}-]" if gone else "", f"{{+{come}+}}" if come else ""]
    return "".join(pieces)


def _shortened(words: Sequence[str], *, first: bool, last: bool) -> str:
    # White space counts as a word.
    head, tail = ([] if first else words[: 2 * _KEPT]), ([] if last else words[-2 * _KEPT :])
    if len(words) <= len(head) + len(tail) + 1:
        return "".join(words)
    return f"{''.join(head)}…{''.join(tail)}"


def _both(change: ValueChange) -> str:
    if change.old is None or change.new is None:
        return f"+ {_plain(change.new)}" if change.old is None else f"- {_plain(change.old)}"
    return f"{_plain(change.old)} -> {_plain(change.new)}"


def _plain(value: str | None) -> str:
    text = _text_of(value)
    return (value or "") if text is None else text


def _text_of(value: str | None) -> str | None:
    """Return the text that a JSON value is, None for any other."""
    parsed = None if value is None else json.loads(value)
    return parsed if isinstance(parsed, str) else None


def wrapped(line: str, *, indent: int) -> Iterator[str]:
    """Yield all of a line, printable, in lines of a readable width."""
    whole = printable(line, limit=_MOST_CHARACTERS * 10)
    for number, piece in enumerate(textwrap.wrap(whole, _WIDTH, break_on_hyphens=False) or [""]):
        yield " " * (indent if number == 0 else indent + 2) + piece
