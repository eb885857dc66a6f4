"""The checks of a gate policy: laid out only where one was given, and demands what the check is about."""

from typing import Final

from attest.evidence.verdict import Kind
from attest.evidence.verify.check import ALL, BUNDLE, SEALED, STATEMENTS, Check, when_told

REFERENCES: Final = "policy.references"
LOGS: Final = "policy.logs"
TIER: Final = "policy.tier"
ANCHORED: Final = "policy.anchored"
AXES: Final = "policy.axes"
MEASURED: Final = "policy.measured"
GAP: Final = "policy.gap"
UNCOVERED: Final = "policy.uncovered"
AGE: Final = "policy.age"
BINDING: Final = "policy.binding"
ISOLATION: Final = "policy.isolation"
ASSURANCE: Final = "policy.assurance"
RUNTIMES: Final = "policy.runtimes"
SITE: Final = "policy.site"
BUILD: Final = "policy.build"
TOOLS: Final = "policy.tools"
CALLS: Final = "policy.calls"
PATH: Final = "policy.path"
EXCEPTIONS: Final = "policy.exceptions"


def _check(name: str, meaning: str, remedy: str, kinds: frozenset[Kind] = BUNDLE) -> Check:
    return Check(id=name, meaning=meaning, remedy=remedy, kinds=kinds, asked=when_told)


ROWS: Final = (
    _check(
        REFERENCES,
        "Every RuntimeReference and server that the policy requires is expected and measured in one of the files.",
        "Give the evidence of that server too, and expect it: `--reference`; else the policy asks for an old one.",
    ),
    _check(
        LOGS,
        "Every log that the policy requires is in one of the files.",
        "Export that log with the others: `attest bundle DIR DIR`.",
    ),
    _check(
        TIER,
        "The evidence bundle holds as much as the policy requires.",
        "Export again: `attest bundle --tier`.",
    ),
    _check(
        ANCHORED,
        "Each log of the file has a time stamp that counts, the newest no older than the policy allows.",
        "Have the log anchored as often: `attest log anchor`, then export it again.",
    ),
    _check(
        AXES,
        "The axes that the policy wants proven are `pass`, and no trusted person's word is needed for them.",
        "See which checks are asserted; export a higher tier, or from the beginning of the log.",
        ALL,
    ),
    _check(
        MEASURED,
        "Each expected RuntimeReference was measured as long, and in as many cycles, as the policy demands.",
        "Let the tests run longer under `attest run`, or measure more often: `attest seal --cycle`.",
    ),
    _check(
        GAP,
        "Inside a run no interval between measurements is longer than the policy allows.",
        "Measure more often: `attest seal --cycle`; or find out what stopped the agent.",
    ),
    _check(
        UNCOVERED,
        "The logs leave no more time between their runs than the policy allows.",
        "Keep the agent running; or export a single run: `attest bundle --since`.",
    ),
    _check(
        AGE,
        "The newest measurement of each expected RuntimeReference is as young as the policy demands.",
        "Measure again and export again.",
    ),
    _check(
        BINDING,
        "Each expected RuntimeReference was measured with the binding that the policy demands.",
        "Start the server under `attest run`, so that what is measured is what was launched.",
    ),
    _check(
        ISOLATION,
        "Whoever measured was kept apart from the server as far as the policy demands.",
        "Run the server as another user than the agent: `attest run` says how.",
    ),
    _check(
        ASSURANCE,
        "The files of each RuntimeReference are known as well as the policy demands.",
        "Seal with more build evidence: `--provenance`, `--sbom`, `--lock`, `--artifact`; see `attest show REF`.",
        SEALED,
    ),
    _check(
        RUNTIMES,
        "The files of each runtime are known as well as the policy demands, and each server has one if it has to.",
        "Seal the runtime, with enough evidence, and the server with it: `attest seal --runtime`.",
    ),
    _check(
        SITE,
        "Every file that no evidence answers for is one that the policy allows.",
        "Find out where that file comes from: seal with evidence for it, remove it, or allow it in the policy.",
        SEALED,
    ),
    _check(
        BUILD,
        "Provenance of the artifacts has the SLSA level that the policy demands, from a builder that it names.",
        "Build where provenance is signed, and seal with it: `--provenance`; see what the trust file believes.",
        BUNDLE | STATEMENTS,
    ),
    _check(
        TOOLS,
        "No tool was called but those that the policy names.",
        "Find out who called it and why; name it in the policy only if it belongs there.",
    ),
    _check(
        CALLS,
        "As many calls were permitted, and as few denied, let pass, unanswered or drifting, as the policy demands.",
        "See which calls those were: `attest show`, `attest log watch`.",
    ),
    _check(
        PATH,
        "Receipts show that the portal was the only way to the server, and from it.",
        "Have the portal start the server, and seal `egress = []`: `docs/portal.md` says how.",
    ),
    _check(
        EXCEPTIONS,
        "No exception of the policy has expired.",
        "Mend what was excused and take the exception out; or review it again, and give it a later day.",
        ALL,
    ),
)
