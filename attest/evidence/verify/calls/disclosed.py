"""What was disclosed of calls, judged again by the rules that the portal had to decide by.

1. The parameters of a permitted request name the tool or prompt that the receipt names.
2. They keep the sealed rules for the tool, prompt or resource, its arguments and its paths, and by the very rule that
   the permit names. Links cannot be followed here: a path counts as it is written, `..` taken out of it.
3. The answer that an outcome is about keeps the sealed rules for results, unless the reference says audit-only.

Sequences, limits and the baseline are judged without disclosures (`replay`). What was denied is not judged again.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from typing import Any, Final, final

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.compiling import compile_rules
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.rulebook import COMPLETION, Rulebook
from attest.errors import MalformedError
from attest.evidence.verify.checks_of_calls import ARGUMENTS
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import OfCall, Told
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.tools.calls import Call, Commitment, DenialStage, Permit
from attest.statement.tools.rules import ToolRules

_BY_HISTORY: Final = frozenset(
    {
        RuleKind.SEQUENCE_FORBIDDEN,
        RuleKind.SEQUENCE_REQUIRED,
        RuleKind.LIMIT,
        RuleKind.CALL_ROUNDS,
    }
)
"""Rules that ask what was done before; they come after all that ask what is in the request."""


@final
class Disclosed:
    """The rules of one reference, for what is opened of its calls; compiled once anything is."""

    def __init__(self, reference: RuntimeReference, rules: ToolRules, sheet: Sheet) -> None:
        """Begin with nothing opened."""
        self._reference = reference
        self._rules = rules
        self._sheet = sheet
        self._principals = {each.name: each for each in rules.principals}
        self._places = {place.name: place.path for place in reference.places}
        self._compiled: tuple[str | None, Rulebook] | None = None
        self.folder: str | None = None
        """Where the server was started, as far as that was told."""

    def judge(self, told: Told, said: OfCall, octets: bytes, where: str) -> None:
        """Judge what opened the commitment of a receipt; of a denial, nothing.

        Raises `UnavailableError` where the engine of a rule is not installed.
        """
        if not isinstance(said, ToolPermit) or said.call.principal not in self._principals:
            return
        try:
            value = _read(octets, where)
            book = self._book()
        except MalformedError as error:
            self._sheet.fail_with(ARGUMENTS, error)
            return
        if said.permit is not None:
            self._judge_request(told, said.call, said.permit, value, book)
        elif not self._reference.enforcement.audit_only:
            self._judge_answer(told, said.call, value, len(octets), book)

    def _judge_request(self, told: Told, call: Call, permit: Permit, params: Mapping[str, Any], book: Rulebook) -> None:
        """Steps 1 and 2."""
        asked = self._asked(call, params)
        if asked.name != call.tool:
            self._fail("a request for another tool than the receipt names", told, call.tool, "another")
            return
        ruling = book.decide(asked, book.ledger(), 0)
        kind = ruling.rule.partition(":")[0]
        if not ruling.permitted and kind not in _BY_HISTORY:
            at = "" if ruling.where is None else f" at {ruling.where}"
            self._fail("a permitted request that breaks the sealed rules", told, permit.rule, f"{ruling.rule}{at}")
        elif ruling.permitted and ruling.rule != permit.rule:
            self._fail("a request that was permitted by another rule", told, ruling.rule, permit.rule)

    def _judge_answer(self, told: Told, call: Call, answer: Mapping[str, Any], size: int, book: Rulebook) -> None:
        """Step 3."""
        ruling = book.answered(self._asked(call, {"name": call.tool}), answer, size, book.ledger(), 0)
        if not ruling.permitted and ruling.rule.partition(":")[0] not in _BY_HISTORY:
            self._fail("an answer that breaks the sealed rules reached the caller", told, "withheld", ruling.rule)

    def _asked(self, call: Call, params: Mapping[str, Any]) -> Asked:
        about = params.get("ref") if call.method == COMPLETION else params
        named: Mapping[str, Any] = about if isinstance(about, Mapping) else {}
        name, uri, arguments = named.get("name"), named.get("uri"), params.get("arguments")
        return Asked(
            method=call.method or "",
            name=name if isinstance(name, str) else None,
            uri=uri if isinstance(uri, str) else None,
            arguments=arguments if isinstance(arguments, Mapping) else None,
            size=0,
            principal=self._principals.get(call.principal or ""),
        )

    def _book(self) -> Rulebook:
        if self._compiled is None or self._compiled[0] != self.folder:
            book = compile_rules(self._rules, self._places, posixpath.normpath, working_directory=self.folder)
            self._compiled = (self.folder, book)
        return self._compiled[1]

    def _fail(self, detail: str, told: Told, expected: object, found: object) -> None:
        self._sheet.fail(ARGUMENTS, detail, where=told.where, expected=expected, found=found)


def openable(said: OfCall) -> Commitment | None:
    """Return the commitment of a receipt that the line behind it may open."""
    if isinstance(said, ToolPermit):
        return said.call.arguments if said.outcome is None else said.outcome.result
    if isinstance(said, ToolDenial):
        denial = said.denial
        return denial.result if denial.stage is DenialStage.RESULT else denial.call.arguments
    return None


def _read(octets: bytes, where: str) -> Mapping[str, Any]:
    """Read a JSON object of somebody else's as a portal reads it: no key twice, any number; none is an empty one."""
    if not octets:
        return {}
    try:
        value = json.loads(octets.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise MalformedError(where, "a JSON object that every reader reads alike", "another text") from error
    if not isinstance(value, dict):
        raise MalformedError(where, "a JSON object", type(value).__name__)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice")
    return made
