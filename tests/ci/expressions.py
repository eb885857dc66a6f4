"""GitHub's expressions, `${{ ... }}`, as far as our actions use them. What it does not know is an error, never ''.

On GitHub a misspelt name is an empty string, which is how gates come to stand open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Names = Mapping[str, Any]
"""What a name stands for, such as `inputs` and `github`: nested mappings and scalars."""

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[!<>().,\[\]]))"
)
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_LITERALS = {"true": True, "false": False, "null": None}


class UnknownExpressionError(Exception):
    """Something that this evaluator does not know, or that does not exist."""


def as_text(value: Any) -> str:
    """Return a value as it stands in the place of an expression inside text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise UnknownExpressionError(f"expected a scalar, found {value!r}")


def filled(text: Any, names: Names, functions: Mapping[str, Callable] | None = None) -> Any:
    """Return text with its expressions evaluated; one that is alone keeps its type."""
    if not isinstance(text, str):
        return text
    alone = _EMBEDDED.fullmatch(text.strip())
    if alone is not None and "${{" not in alone[1]:
        return evaluate(alone[1], names, functions)
    return _EMBEDDED.sub(lambda match: as_text(evaluate(match[1], names, functions)), text)


def holds(condition: Any, names: Names, functions: Mapping[str, Callable]) -> bool:
    """Return whether an `if:` lets a step run: without a word about the status, success() is part of it."""
    if condition is None:
        return bool(functions["success"]())
    text = condition if isinstance(condition, str) else as_text(condition)
    alone = _EMBEDDED.fullmatch(text.strip())
    text = alone[1] if alone else text
    met = _truth(evaluate(text, names, functions))
    asked = re.search(r"\b(?:always|failure|success|cancelled)\(", text)
    return met if asked else met and bool(functions["success"]())


def evaluate(text: str, names: Names, functions: Mapping[str, Callable] | None = None) -> Any:
    """Return the value of one expression."""
    reader = _Reader(text, names, {**_FUNCTIONS, **(functions or {})})
    value = reader.either()
    reader.expect_end()
    return value


def _truth(value: Any) -> bool:
    return value not in (None, False, 0, "")


def _equal(left: Any, right: Any) -> bool:
    """Text is compared without regard to case; other types as they are. GitHub casts, which nobody here may rely on."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if type(left) is not type(right) and None not in (left, right):
        raise UnknownExpressionError(f"comparing {left!r} with {right!r}, of another type")
    return bool(left == right)


def _format(template: str, *values: Any) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: as_text(values[int(match[1])]), template)


_FUNCTIONS: Mapping[str, Callable] = {
    "contains": lambda whole, part: part.lower() in whole.lower() if isinstance(whole, str) else part in whole,
    "startsWith": lambda whole, part: whole.lower().startswith(part.lower()),
    "endsWith": lambda whole, part: whole.lower().endswith(part.lower()),
    "format": _format,
    "fromJSON": json.loads,
    "toJSON": lambda value: json.dumps(value, indent=2),
}


class _Reader:
    """Recursive descent, an operator a method, the weakest first."""

    def __init__(self, text: str, names: Names, functions: Mapping[str, Callable]) -> None:
        self.text, self.names, self.functions = text, names, functions
        self.tokens = self._tokens()

    def _tokens(self) -> list[tuple[str, str]]:
        tokens, place = [], 0
        text = self.text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise UnknownExpressionError(f"{self.text!r}: what is {text[place:]!r}?")
            tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            place = match.end()
        return tokens[::-1]

    def take(self, *signs: str) -> str | None:
        """Return the next token if it is one of these signs."""
        if self.tokens and self.tokens[-1][0] == "sign" and self.tokens[-1][1] in signs:
            return self.tokens.pop()[1]
        return None

    def expect(self, sign: str) -> None:
        """Take a sign that has to come."""
        if self.take(sign) is None:
            raise UnknownExpressionError(f"{self.text!r}: expected {sign}")

    def expect_end(self) -> None:
        """Refuse what is left over."""
        if self.tokens:
            raise UnknownExpressionError(f"{self.text!r}: did not expect {self.tokens[-1][1]!r}")

    def either(self) -> Any:
        """`a || b`: the first that is true."""
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value if _truth(value) else other
        return value

    def both(self) -> Any:
        """`a && b`: the first that is not."""
        value = self.compared()
        while self.take("&&"):
            other = self.compared()
            value = other if _truth(value) else value
        return value

    def compared(self) -> Any:
        """Equality; nothing of ours compares sizes."""
        value = self.single()
        while sign := self.take("==", "!="):
            value = _equal(value, self.single()) is (sign == "==")
        return value

    def single(self) -> Any:
        """A negation, a bracket, a literal, a call or a name."""
        if self.take("!"):
            return not _truth(self.single())
        if self.take("("):
            value = self.either()
            self.expect(")")
            return value
        kind, text = self.tokens.pop() if self.tokens else ("end", "")
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind != "name":
            raise UnknownExpressionError(f"{self.text!r}: what is {text!r}?")
        if text in _LITERALS:
            return _LITERALS[text]
        return self.called(text) if self.take("(") else self.looked_up(text)

    def called(self, name: str) -> Any:
        """Call a function that is known."""
        if name not in self.functions:
            raise UnknownExpressionError(f"{self.text!r}: no function {name}")
        values = []
        while not self.take(")"):
            values.append(self.either())
            if not self.take(","):
                self.expect(")")
                break
        return self.functions[name](*values)

    def looked_up(self, name: str) -> Any:
        """Follow `a.b['c']`; every part has to exist."""
        value: Any = self.names
        path, part = name, name
        while True:
            if not (isinstance(value, Mapping) and part in value):
                raise UnknownExpressionError(f"{self.text!r}: there is no {path}")
            value = value[part]
            if self.take("."):
                part = self.tokens.pop()[1] if self.tokens else ""
            elif self.take("["):
                part = self.either()
                self.expect("]")
            else:
                return value
            path = f"{path}.{part}"
