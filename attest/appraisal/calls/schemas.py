"""Arguments against a JSON Schema (2020-12), by jsonschema-rs, compiled once.

No reference leaves the schema, patterns run in the engine's linear matcher (no look-around, no back references, bounded
size), `format` is asserted and an unknown one refused, integers are compared exactly whatever their size.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Final

from attest.appraisal.calls import schema_form, values
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.pointers import escape
from attest.appraisal.calls.ruling import Ruling, refused
from attest.errors import MalformedError, UnavailableError
from attest.statement.tools.foreign import check_object

_PATTERN_BYTES: Final = 1 << 20
"""The most that a compiled pattern may take; the engine refuses a larger one when it is loaded."""
_MAX_WHERE: Final = 1024


class ArgumentSchema:
    """One tool's schema."""

    def __init__(self, text: str, *, where: str) -> None:
        """Compile the JSON text.

        Raises `MalformedError` for a schema that says less than it seems to, `UnavailableError` without the extra
        `portal`.
        """
        schema = check_object(text, where=where)
        self._engine = _compile(schema, where)
        self._form = schema_form.check(schema, where=where)

    def judge(self, arguments: Mapping[str, Any]) -> Ruling | None:
        """Return the refusal of arguments that the schema does not admit; it names the place and the keyword alone."""
        why = values.unfit(arguments, self._form.largest, self._form.max_depth)
        if why is not None:
            return refused(RuleKind.ARGUMENTS_FORM, f"the arguments hold {why}")
        try:
            if self._engine.is_valid(arguments):
                return None
            return self._explain(next(iter(self._engine.iter_errors(arguments))))
        except (ValueError, RecursionError, StopIteration) as error:
            # A lone surrogate, a recursion of the schema into itself: what cannot be judged is not allowed.
            return refused(RuleKind.ARGUMENTS_SCHEMA, f"the arguments cannot be judged ({type(error).__name__})")

    def _explain(self, error: Any) -> Ruling:  # noqa: ANN401  (the engine's)
        # Messages and keys that the schema does not name are the caller's: neither goes into a receipt.
        steps = (
            str(step) if isinstance(step, int) or step in self._form.names else "*" for step in error.instance_path
        )
        where = "".join(f"/{escape(step)}" for step in steps)[:_MAX_WHERE]
        reason = f"the arguments do not satisfy `{error.kind.name}` of the sealed schema"
        return refused(RuleKind.ARGUMENTS_SCHEMA, reason, where=where or None)


def _compile(schema: dict[str, Any], where: str) -> Any:  # noqa: ANN401  (the engine's)
    engine = _jsonschema_rs()
    options = engine.RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES)
    try:
        return engine.Draft202012Validator(
            schema,
            pattern_options=options,
            offline=True,
            validate_formats=True,
            ignore_unknown_formats=False,
            formats=dict.fromkeys(schema_form.WIDE_FORMATS, _is_any_text),
        )
    except (ValueError, RecursionError, engine.ReferencingError) as error:
        found = str(getattr(error, "message", error)).partition("\n")[0][:200]
        raise MalformedError(
            where, "a JSON Schema (2020-12), whole in itself, with known formats and linear patterns", found
        ) from error


def _is_any_text(_: str) -> bool:
    """Formats of integers say nothing of text."""
    return True


def _jsonschema_rs() -> Any:  # noqa: ANN401  (a module that may be missing)
    try:
        return importlib.import_module("jsonschema_rs")
    except ImportError as error:
        raise UnavailableError(
            "tool rules", "the extra 'portal'", "no module jsonschema_rs", hint="pip install 'mcp-attest[portal]'"
        ) from error
