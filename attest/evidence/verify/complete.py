"""Whether evidence and disk leave anything over, where the trust file's seal rules demand that they do not.

1. The reference keeps the rules by its own figures.
2. With the original evidence at hand and `requireBound`: each component that names archives, and no files, is one of
   the reference's artifacts.
"""

from __future__ import annotations

from collections.abc import Sequence

from attest.evidence.verdict import Status
from attest.evidence.verify.question import Question
from attest.evidence.verify.references import Sealed
from attest.evidence.verify.sheet import Sheet
from attest.provenance.model import VerifiedEvidence
from attest.trust.leftovers import CHECK, find_leftovers, unbound_leftover


def judge_complete(each: Sealed, good: Sequence[VerifiedEvidence], question: Question, sheet: Sheet) -> None:
    """Judge one reference; `good` is what of its evidence is at hand and verifies, of a bare reference nothing.

    Which files on disk were bound and claimed stays the sealer's word: the manifest is not here.
    """
    rules = question.trust.seal_rules
    if not rules.demands:
        return
    of = "" if each.reference.program is None else f" of the runtime {each.reference.server.name}"
    for leftover in find_leftovers(each.reference, rules):
        sheet.fail(
            CHECK,
            f"evidence and files{of} leave something over",
            where=each.where,
            expected=leftover.expected,
            found=leftover.found,
        )
    hidden = _hidden(each, good) if rules.require_bound else ()
    if hidden:
        leftover = unbound_leftover(hidden)
        sheet.fail(
            CHECK,
            f"the evidence{of} names components that the reference keeps silent about",
            where=each.where,
            expected=leftover.expected,
            found=leftover.found,
        )
    detail = f"the sealer says of the files{of}: {' and '.join(rules.demands)}"
    sheet.note(CHECK, Status.ASSERTED, detail, where=each.where)


def _hidden(each: Sealed, good: Sequence[VerifiedEvidence]) -> Sequence[str]:
    """Step 2: the components that are neither bound nor listed as unbound."""
    # Few trust files ask for it, and every verification would pay for the import.
    from attest.provenance.unbound import find_unbound

    archives = (artifact.digest for artifact in each.reference.artifacts)
    return sorted(set(find_unbound(good, archives, None)) - set(each.reference.unbound))
