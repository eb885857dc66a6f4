"""Conditions in CEL over `arguments`, `tool` and `principal`: true permits, everything else refuses.

The engine is `common-expression-language` (Rust). Where it differs from the specification of CEL: `size()` of a string
counts bytes of UTF-8, and integers beyond 64 bits become doubles, which is why they are refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attest.appraisal.calls import values
from attest.appraisal.calls.engines import Unjudged, attempt
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, refused
from attest.appraisal.calls.spellings import Spellings
from attest.codec.extras import load_extra
from attest.errors import MalformedError

_VARIABLES: Final = frozenset({"arguments", "tool", "principal"})
_FUNCTIONS: Final = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches", "string", "int", "uint", "double", "bytes", "type"),
        *("dyn", "duration", "timestamp"),
    }
)
_MACRO: Final = re.compile(r"\b(?:all|exists|exists_one|existsOne|map|filter|transformList|transformMap|in)\b")
_BOUND: Final = re.compile(r"\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*,(?:\s*([A-Za-z_][A-Za-z0-9_]*)\s*,)?")
_MAX_STEPS: Final = 100_000
"""Values to the power of loops: some 100 ms, and as many loops in each other as an expression can have."""
_MAX_CHARACTERS: Final = 1_000_000_000
"""Steps times characters, each of which a step may search: a second at most."""
_INT64: Final = 2**63 - 1


class Condition:
    """One tool's expression, compiled."""

    def __init__(self, expression: str, *, where: str, open_names: frozenset[str] | None = None) -> None:
        """Compile it; `open_names` are what the schema of the arguments names, None if it admits nothing else.

        Raises `MalformedError` for what is no CEL, or names variables and functions that there are not, and
        `UnavailableError` without the extra `cel`.
        """
        self._program = _compile(expression, where)
        # Counted in the text: a field of such a name counts, too, and only lowers what may be judged.
        self._loops = len(_MACRO.findall(expression))
        self._spellings = None if open_names is None else Spellings(expression, open_names)

    def judge(self, arguments: Mapping[str, Any], tool: str, principal: str) -> Ruling | None:
        """Return the refusal unless the condition is true."""
        counted, characters = values.extent(arguments, _MAX_STEPS)
        steps = counted**self._loops
        if max(counted, steps) > _MAX_STEPS or steps * characters > _MAX_CHARACTERS:
            return _refusal("the arguments are too large for the sealed condition")
        if values.beyond(arguments, _INT64):
            return _refusal("the arguments hold an integer beyond 64 bits, which the sealed condition cannot compare")
        if self._spellings is not None and self._spellings.has_other(arguments):
            return _refusal("the arguments hold a key that differs in case alone from one of the sealed condition")
        names = {"arguments": arguments, "tool": tool, "principal": principal}
        found = attempt(lambda: self._program.execute(names))
        if isinstance(found, Unjudged):
            return _refusal(f"the sealed condition cannot be judged ({found.why})")
        return None if found is True else _refusal("the sealed condition is not true of the arguments")


def _refusal(reason: str) -> Ruling:
    return refused(RuleKind.ARGUMENTS_CONDITION, reason)


def _compile(expression: str, where: str) -> Any:  # noqa: ANN401  (the engine's)
    engine = load_extra("cel", "cel", where="tool rules")
    try:
        program = engine.compile(expression)
        variables, functions = frozenset(program.variables()), frozenset(program.functions())
    except (ValueError, TypeError, RuntimeError) as error:
        raise MalformedError(where, "a CEL expression", str(error).partition("\n")[0][:200]) from error
    bound = {name for match in _BOUND.findall(expression) for name in match}
    for name in sorted(variables - _VARIABLES - bound):
        raise MalformedError(where, f"the variables {', '.join(sorted(_VARIABLES))}", name)
    for name in sorted(each for each in functions - _FUNCTIONS if each.isidentifier()):
        raise MalformedError(where, f"the functions {', '.join(sorted(_FUNCTIONS))}", name)
    return program
