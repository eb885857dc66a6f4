"""Servers that nobody can measure: what a measurement of one has to show, and what is said of the build it comes from.

1. A reference without files is measured with the binding `remote`, and no other reference is.
2. Such a measurement shows the sealed upstream (address, public key, SPIFFE ID) and the sealed set of definitions.
3. Nothing ties such a server to a build. That is unproven, unless the trust file says that it is enough: its
   `minima.binding` is `remote`. It then is asserted, and never more.
"""

from __future__ import annotations

from typing import Final

from attest.evidence.verdict import Status
from attest.evidence.verify.question import Question
from attest.evidence.verify.references import Sealed
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Lasting
from attest.statement.levels import Binding
from attest.statement.predicates.runtime_measurement import MeasuredUpstream
from attest.statement.predicates.runtime_reference import RuntimeReference

CHECK: Final = "conformance.binding"

_NOTHING: Final = "nobody saw a file of the server, and nothing ties it to a build"


def is_elsewhere(reference: RuntimeReference, lasting: Lasting) -> bool:
    """Return whether steps 1 and 2 are about this measurement."""
    return lasting.binding is Binding.REMOTE or reference.is_remote


def judge_elsewhere(reference: RuntimeReference, lasting: Lasting, where: str, sheet: Sheet) -> bool:
    """Steps 1 and 2: return whether a measurement shows what one of its reference has to; say so if not."""
    if lasting.binding is not Binding.REMOTE or not reference.is_remote:
        detail = "a server with files was measured without any, or one without files as if it had some"
        expected = Binding.REMOTE if reference.is_remote else "tree, adopted or launched"
        sheet.fail(CHECK, detail, where=where, expected=expected, found=lasting.binding)
        return False
    if lasting.process is None and _shows(reference, lasting.upstream):
        return True
    rules, shown = reference.tools, lasting.upstream
    sheet.fail(
        CHECK,
        "a measurement that does not show the sealed server and its tools",
        where=where,
        expected=None if rules is None else f"{rules.upstream}, definitions {rules.definitions_digest}",
        found=shown,
    )
    return False


def _shows(reference: RuntimeReference, shown: MeasuredUpstream | None) -> bool:
    rules = reference.tools
    sealed = None if rules is None else rules.upstream
    if rules is None or sealed is None or shown is None:
        return False
    in_the_clear = shown.spki is None
    return (
        shown.url == sealed.url
        and in_the_clear != sealed.url.startswith("https:")
        and (not sealed.spki or shown.spki in sealed.spki)
        and shown.spiffe_id == sealed.spiffe_id
        and shown.definitions == rules.definitions_digest
    )


def judge_untied(each: Sealed, question: Question, sheet: Sheet) -> None:
    """Step 3, for a reference without files."""
    accepted = question.trust.minima.binding is Binding.REMOTE
    for check in ("build-link.evidence", "build-link.assurance"):
        sheet.note(
            check,
            Status.ASSERTED if accepted else Status.UNPROVEN,
            f"{_NOTHING}{', which the trust file accepts' if accepted else ''}",
            where=each.where,
            expected="files, or a trust file whose minima.binding is remote",
            found="an address and definitions of tools",
        )
