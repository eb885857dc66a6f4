"""Text that fits a terminal: lines that are longer go on below where their words began."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_COLOUR: Final = re.compile(r"\x1b\[[0-9]*m")
_LABEL: Final = re.compile(r" *(?:\S+(?: \S+)? {2,})?")
"""What stands before the words of a line: an indent, a name of one or two words and what divides it from them."""
_FURTHER: Final = 2
"""Where a word goes that is too long to stand below the others: so far in from the line's beginning."""
_NARROWEST: Final = 40


def fitted(text: str, width: int) -> str:
    """Return the text in lines of at most `width` columns; a word that is longer stays whole, for copying it."""
    return "".join(f"{piece}\n" for line in text.splitlines() for piece in _pieces(line, max(width, _NARROWEST)))


def _pieces(line: str, width: int) -> Iterator[str]:
    if _length(line) <= width:
        yield line
        return
    bare = _COLOUR.sub("", line)
    label = _LABEL.match(bare)
    indent = min(label.end() if label is not None else 0, width // 2)
    least = len(bare) - len(bare.lstrip(" ")) + _FURTHER
    piece = ""
    for found in re.findall(r" *\S+", line):
        word = str(found)
        if piece.strip() and _length(piece) + _length(word) > width:
            yield piece
            word = word.lstrip()
            piece = " " * (indent if indent + _length(word) <= width else least) + word
        else:
            piece += word
    yield piece


def _length(text: str) -> int:
    """Return the columns of a text that holds nothing wide, as what we print of others' texts does not."""
    return len(_COLOUR.sub("", text))
