"""What the portal's documents of the example say: tool rules, permit, outcome, denial, drift of a caller.

The same server as in `tests.documents`, sealed with rules: `get_current_time` may be called, `convert_time` by few.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from attest.codec import canonical
from attest.codec.octets import sha256_hex
from attest.statement.predicates import caller_drift, runtime_reference, tool_denial, tool_permit
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject, make_statement
from attest.statement.tools.calls import (
    Call,
    CallerResponse,
    Commitment,
    Denial,
    DenialStage,
    Drifted,
    Outcome,
    OutcomeStatus,
    Permit,
    Relied,
)
from attest.statement.tools.committing import commit
from attest.statement.tools.definitions import definition_of, digest_of_set
from attest.statement.tools.described import Described, Item
from attest.statement.tools.disclosures import disclosure_line
from attest.statement.tools.foreign import text_of
from attest.statement.tools.limits import Counter, Limit, Per, Unit
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import (
    BaselineRule,
    InputRequest,
    Order,
    PathRule,
    ResourceRule,
    ResultRule,
    SequenceRule,
    ToolRule,
    ToolRules,
    Trait,
    Upstream,
)
from tests.documents import REFERENCE, SUBJECTS
from tests.log_documents import LOG, ORIGIN, header

ZONE: Final[dict[str, Any]] = {"type": "string", "description": "IANA timezone name, as 'Europe/London'."}

DEFINITIONS: Final = tuple(
    definition_of(each)
    for each in (
        {
            "name": "convert_time",
            "description": "Convert time between timezones",
            "inputSchema": {
                "type": "object",
                "properties": {"source_timezone": ZONE, "time": {"type": "string"}, "target_timezone": ZONE},
                "required": ["source_timezone", "time", "target_timezone"],
            },
            "annotations": {"readOnlyHint": True},
        },
        {
            "name": "get_current_time",
            "description": "Get current time in a specific timezone",
            "inputSchema": {"type": "object", "properties": {"timezone": ZONE}, "required": ["timezone"]},
            "annotations": {"readOnlyHint": True},
        },
    )
)

DEFINITIONS_DIGEST: Final = digest_of_set((each.name, each.sha256) for each in DEFINITIONS)

LEAST_RULES: Final = ToolRules(
    definitions=DEFINITIONS,
    definitions_digest=DEFINITIONS_DIGEST,
    tools=(
        ToolRule(
            name="get_current_time",
            arguments=text_of(
                {
                    "type": "object",
                    "properties": {"timezone": {"type": "string", "maxLength": 64}},
                    "required": ["timezone"],
                    "additionalProperties": False,
                },
                where="arguments",
            ),
            limits=(
                Limit(id="clock.rate", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=60, within_seconds=60),
                Limit(id="clock.session", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=1000),
            ),
        ),
    ),
    principals=(Principal(name="local", kind=PrincipalKind.LOCAL),),
)
"""Rules as many people need them."""

RULES: Final = msgspec.structs.replace(
    LEAST_RULES,
    tools=(
        ToolRule(
            name="convert_time",
            arguments=text_of({"type": "object", "additionalProperties": False}, where="arguments"),
            paths=(PathRule(id="convert.place", argument="/file", below=("/srv/zones", "{tree}/zoneinfo")),),
            condition='arguments.time.matches("^[0-2][0-9]:[0-5][0-9]$")',
            result=ResultRule(
                max_bytes=65_536, refuse_secrets=True, input_requests=(InputRequest.ELICITATION, InputRequest.ROOTS)
            ),
            cost=5,
            limits=(Limit(id="convert.cost", unit=Unit.COST, per=Per.REFERENCE, amount=500, within_seconds=3600),),
            principals=("planner",),
        ),
        *LEAST_RULES.tools,
    ),
    described=Described(
        instructions=sha256_hex(b"Ask for times with their zone."),
        prompts=(Item(name="plan_meeting", sha256=sha256_hex(b"a prompt")),),
        resources=(Item(name="zone://europe/vienna", sha256=sha256_hex(b"a resource")),),
        templates=(),
    ),
    resources=(ResourceRule(id="zones", uri="zone://europe/*"),),
    prompts=("plan_meeting",),
    methods=("tasks/get",),
    input_requests=(InputRequest.SAMPLING,),
    principals=(
        Principal(name="ci", kind=PrincipalKind.SPIFFE, subject="spiffe://example.org/ci"),
        Principal(name="local", kind=PrincipalKind.LOCAL),
        Principal(
            name="planner",
            kind=PrincipalKind.JWT,
            issuer="https://issuer.example",
            audience="https://time.example/mcp",
            subject="planner",
            thumbprint=sha256_hex(b"a key of the planner"),
        ),
    ),
    limits=(
        Limit(id="all.at-once", unit=Unit.CONCURRENCY, per=Per.REFERENCE, amount=16),
        Limit(id="all.rounds", unit=Unit.ROUNDS, per=Per.TOOL, amount=3),
    ),
    sequences=(
        SequenceRule(
            id="clock-first",
            order=Order.REQUIRED,
            first=("get_current_time",),
            then=("convert_time",),
            within_seconds=600,
        ),
    ),
    baseline=(BaselineRule(id="few-denials", trait=Trait.DENIALS, at_most=20, within_seconds=60),),
    upstream=Upstream(url="https://time.example/mcp", spki=(sha256_hex(b"the server's public key"),)),
    egress=("tcp:443",),
)
"""Rules with everything that there is."""

WITH_LEAST_RULES: Final = canonical.encode(
    make_statement(runtime_reference.PREDICATE_TYPE, msgspec.structs.replace(REFERENCE, tools=LEAST_RULES), SUBJECTS)
)
WITH_RULES: Final = canonical.encode(
    make_statement(runtime_reference.PREDICATE_TYPE, msgspec.structs.replace(REFERENCE, tools=RULES), SUBJECTS)
)

ARGUMENTS: Final = b'{"name":"get_current_time","arguments":{"timezone":"Europe/Vienna"}}'


def committed(octets: bytes) -> Commitment:
    """Return a commitment with a salt that everybody knows."""
    return commit(bytes.fromhex(sha256_hex(b"salt of " + octets)[:32]), octets)


CALL: Final = Call(
    id="ca11" * 8,
    method="tools/call",
    tool="get_current_time",
    arguments=committed(ARGUMENTS),
    principal="local",
    authenticated="local uid 1000",
)
RELIED: Final = Relied(log_origin=ORIGIN, sequence=1, receipt=sha256_hex(LOG[1].envelope), age_milliseconds=10_400)
PERMIT: Final = Permit(
    rule="tool.allowed",
    counters=(
        Counter(limit="clock.rate", used=3, amount=60),
        Counter(limit="clock.session", used=41, amount=1000),
    ),
    relied=RELIED,
    definitions=DEFINITIONS_DIGEST,
    upstream="pid 4242 start 8640150",
)
OUTCOME: Final = Outcome(
    decision=3, status=OutcomeStatus.RESULT, result=committed(b'{"jsonrpc":"2.0","id":7}'), milliseconds=12
)
DENIAL: Final = Denial(
    call=msgspec.structs.replace(CALL, id="de41" * 8, arguments=committed(b'{"arguments":{"timezone":7}}')),
    stage=DenialStage.REQUEST,
    rule="arguments.schema",
    reason="the arguments are not as the sealed schema wants them",
    where="/timezone",
    enforced=True,
    definitions=DEFINITIONS_DIGEST,
    relied=RELIED,
)
WITHHELD: Final = Denial(
    call=CALL,
    stage=DenialStage.RESULT,
    rule="result.size",
    reason="the answer is larger than the rules allow",
    decision=3,
    result=committed(b"a long answer"),
    enforced=True,
)
DRIFTED: Final = Drifted(
    principal="local",
    rule="caller.drifted:few-denials",
    used=21,
    at_most=20,
    within_seconds=60,
    newest=5,
    response=CallerResponse.STOP,
)

WITH_LEAST_RULES_DIGEST: Final = sha256_hex(WITH_LEAST_RULES)


def _header(sequence: int, *, seconds: float, previous: str) -> ReceiptHeader:
    own = header(sequence, seconds=seconds, previous=previous)
    return msgspec.structs.replace(own, reference=WITH_LEAST_RULES_DIGEST)


_PREVIOUS: Final = sha256_hex(LOG[-1].entry)


def _permit(permit: ToolPermit) -> bytes:
    return canonical.encode(make_statement(tool_permit.PREDICATE_TYPE, permit, SUBJECTS))


def _denial(denial: Denial) -> bytes:
    receipt = _header(5, seconds=21, previous="cd" * 32)
    predicate = ToolDenial(receipt=receipt, denial=denial)
    return canonical.encode(
        make_statement(tool_denial.PREDICATE_TYPE, predicate, findings_subject(denial, name="denial"))
    )


PERMIT_PAYLOAD: Final = _permit(
    ToolPermit(receipt=_header(3, seconds=20.4, previous=_PREVIOUS), call=CALL, permit=PERMIT)
)
OUTCOME_PAYLOAD: Final = _permit(
    ToolPermit(receipt=_header(4, seconds=20.412, previous="ab" * 32), call=CALL, outcome=OUTCOME)
)
DENIAL_PAYLOAD: Final = _denial(DENIAL)
WITHHELD_PAYLOAD: Final = _denial(WITHHELD)
DRIFT_PAYLOAD: Final = canonical.encode(
    make_statement(
        caller_drift.PREDICATE_TYPE,
        CallerDrift(receipt=_header(6, seconds=21, previous="ef" * 32), drift=DRIFTED),
        findings_subject(DRIFTED, name="drift"),
    )
)

PAYLOADS: Final = {
    "tool-permit": PERMIT_PAYLOAD,
    "tool-denial": DENIAL_PAYLOAD,
    "caller-drift": DRIFT_PAYLOAD,
}
"""One statement of each predicate of the portal, by the predicate's short name."""

DISCLOSURES: Final = b"".join(
    disclosure_line(commit(salt, octets), salt, octets)
    for salt, octets in (
        (bytes(range(16)), b'{"arguments":{"timezone":"Europe/Paris"},"name":"get_current_time"}'),
        (bytes(range(1, 17)), b""),
    )
)
