"""The checks of calls: laid out once a file holds permits, denials, outcomes or drift of a caller."""

from typing import Final

from attest.evidence.grammar import Tier
from attest.evidence.verify.check import BUNDLE, WITH_CONTENT, Check, when_told

TOOL_RULES: Final = "conformance.tool-rules"
PERMITTED: Final = "conformance.permitted"
RELIED: Final = "conformance.relied"
GATE: Final = "conformance.gate"
DEFINITIONS: Final = "conformance.definitions"
OUTCOMES: Final = "completeness.outcomes"
LIMITS: Final = "conformance.limits"
SEQUENCES: Final = "conformance.sequences"
DENIALS: Final = "conformance.denials"
CALLERS: Final = "conformance.callers"
ARGUMENTS: Final = "conformance.arguments"
DISCLOSURES: Final = "integrity.disclosures"


def _check(name: str, meaning: str, remedy: str) -> Check:
    return Check(id=name, meaning=meaning, remedy=remedy, kinds=BUNDLE, tiers=WITH_CONTENT, asked=when_told)


ROWS: Final = (
    _check(
        OUTCOMES,
        "Every permitted call has one outcome, or one denial of its answer, unless its run was cut off.",
        "Find out who answered those calls, and what: the portal that wrote this log does not say so.",
    ),
    _check(
        TOOL_RULES,
        "Calls were decided by a RuntimeReference that seals tool rules.",
        "Seal the rules, `attest seal --tools FILE`; without them a portal permits nothing.",
    ),
    _check(
        PERMITTED,
        "Every permitted call is of a method, a tool and a principal that the sealed rules allow.",
        "Distrust the portal that wrote this log: it let a call pass that nobody sealed.",
    ),
    _check(
        RELIED,
        "Every permit relied on a young MATCH of the running server, which is in the evidence, too.",
        "Export the log of the agent whose measurements the portal relied on with it: `attest bundle DIR DIR`.",
    ),
    _check(
        GATE,
        "No call was permitted outside the validity and time to live of the reference, or after a safe state.",
        "Distrust the portal that wrote this log; have a sealer attest anew before it goes on.",
    ),
    _check(
        DEFINITIONS,
        "Nothing was permitted while the definitions of the tools were others than the sealed ones.",
        "See what changed: `attest diff`; seal the new definitions if they are wanted.",
    ),
    _check(
        LIMITS,
        "What every permit says of the sealed limits is what the log adds up to, and none is exceeded.",
        "Distrust the portal that wrote this log: it counted otherwise than it wrote, or not at all.",
    ),
    _check(
        SEQUENCES,
        "No call was permitted against a sealed order of calls.",
        "Distrust the portal that wrote this log; see which calls came before: `attest show`.",
    ),
    _check(
        DENIALS,
        "Every denial is whole, and was enforced unless the reference says audit-only.",
        "Distrust the portal that wrote this log: it forwarded what it refused.",
    ),
    _check(
        CALLERS,
        "A caller that left the sealed baseline was permitted nothing from there on.",
        "Distrust the portal that wrote this log; find out what the caller did since.",
    ),
    _check(
        ARGUMENTS,
        "What was disclosed of permitted calls and of their answers keeps the sealed rules.",
        "Distrust the portal that wrote this log; or find the link that it followed, which nobody can follow here.",
    ),
)

DISCLOSED: Final = Check(
    id=DISCLOSURES,
    meaning="Each disclosure opens the commitment of the receipt before it, and there are as many as the header says.",
    remedy="Get the file again, unedited; else have the log's owner export it again: `attest bundle --tier full`.",
    kinds=BUNDLE,
    tiers=frozenset({Tier.FULL}),
)

JUDGED: Final = tuple(row.id for row in ROWS)
"""What is judged by `calls`, once every log came to its end."""
