"""Arguments against a JSON Schema (2020-12), by jsonschema-rs, compiled once.

No reference leaves the schema, patterns run in the engine's linear matcher (no look-around, no back references, bounded
size), `format` is asserted and an unknown one refused, integers are compared exactly whatever their size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attest.appraisal.calls import schema_form, values
from attest.appraisal.calls.engines import Unjudged, attempt
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.pointers import escape
from attest.appraisal.calls.ruling import Ruling, refused
from attest.appraisal.calls.spellings import narrowed
from attest.codec.extras import load_extra
from attest.errors import MalformedError
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
        self._engine, self._error = _compile(schema, where)
        self._form = schema_form.check(schema, where=where)
        self._narrowed = _compile(narrowed(schema), where)[0] if self._form.is_open else None
        self.open_names: Final = self._form.names if self._form.is_open else None
        """What it names, if it admits further keys; None if it does not."""

    def judge(self, arguments: Mapping[str, Any]) -> Ruling | None:
        """Return the refusal of arguments that the schema does not admit; it names the place and the keyword alone."""
        why = values.unfit(arguments, self._form.largest, self._form.max_depth)
        if why is not None:
            return refused(RuleKind.ARGUMENTS_FORM, f"the arguments hold {why}")
        if attempt(lambda: self._engine.is_valid(arguments)) is True:
            narrower = self._narrowed
            if narrower is None or attempt(lambda: narrower.is_valid(arguments)) is True:
                return None
            return refused(RuleKind.ARGUMENTS_FORM, "the arguments hold another spelling of a sealed key")
        return self._explain(attempt(lambda: self._first_error(arguments)))

    def _first_error(self, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  (the engine's)
        # `iter_errors` finds all of them first: 45 s for a list of a million wrong ones.
        try:
            self._engine.validate(arguments)
        except self._error as error:
            return error
        raise ValueError("it satisfies the schema now")

    def _explain(self, error: Any) -> Ruling:  # noqa: ANN401  (the engine's)
        if isinstance(error, Unjudged):
            return refused(RuleKind.ARGUMENTS_SCHEMA, f"the arguments cannot be judged ({error.why})")
        # Messages and keys that the schema does not name are the caller's: neither goes into a receipt.
        steps = (
            str(step) if isinstance(step, int) or step in self._form.names else "*" for step in error.instance_path
        )
        where = "".join(f"/{escape(step)}" for step in steps)[:_MAX_WHERE]
        reason = f"the arguments do not satisfy `{error.kind.name}` of the sealed schema"
        return refused(RuleKind.ARGUMENTS_SCHEMA, reason, where=where or None)


def _compile(schema: dict[str, Any], where: str) -> tuple[Any, type[Exception]]:
    """Return the engine's validator, and the error that it raises of what does not satisfy it."""
    engine = load_extra("jsonschema_rs", "portal", where="tool rules")
    options = engine.RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES)
    try:
        made = engine.Draft202012Validator(
            schema,
            pattern_options=options,
            offline=True,
            validate_formats=True,
            ignore_unknown_formats=False,
            formats=dict.fromkeys(schema_form.WIDE_FORMATS, _is_any_text),
            mask="*",
        )
    except (ValueError, RecursionError, engine.ReferencingError) as error:
        found = str(getattr(error, "message", error)).partition("\n")[0][:200]
        expected = "a JSON Schema (2020-12), whole in itself, with known formats and linear patterns"
        raise MalformedError(where, expected, found) from error
    return made, engine.ValidationError


def _is_any_text(_: str) -> bool:
    """Formats of integers say nothing of text."""
    return True
