"""What the caller knows to be revoked, and whether he knows enough.

1. What is known is as young as the trust file demands: a list of a sealer, no older at the time of judging.
2. A builder's or verifier's key that is void then counts for nothing: when it signed, nobody has proven.
3. A reference that is void, or one by a sealer's key that is, does not count for what was measured from then on; nor
   for anything once it is void at the time of judging.
4. Receipts that a writer's key signed from when on it is void do not count; those before do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from attest.codec import instant
from attest.evidence.verify.question import Question
from attest.evidence.verify.sheet import Sheet

if TYPE_CHECKING:
    from attest.trust.revocations import Void

CHECK: Final = "authenticity.revocation"
AGE_CHECK: Final = "freshness.revocation"
NEVER: Final = 2**63

WRITER: Final = "the writer's key"

_SECOND: Final = 1000


class VoidFrom(msgspec.Struct, frozen=True):
    """From when on something is void (milliseconds since 1970), and why; `GOOD` if it is not."""

    since: int
    reason: str


GOOD: Final = VoidFrom(NEVER, "")


def heed(question: Question) -> Question:
    """Return the question without the keys that build evidence can no longer be believed for (step 2)."""
    revocations = question.revocations
    if revocations is None:
        return question
    from attest.trust.revocations import is_void, without_revoked

    expectations = question.expectations
    keys = tuple(key for key in expectations.keys if not is_void(revocations.of_key(key.keyid), question.at))
    return msgspec.structs.replace(
        question,
        trust=without_revoked(question.trust, revocations, question.at),
        expectations=msgspec.structs.replace(expectations, keys=keys),
    )


def judge_age(question: Question, sheet: Sheet) -> None:
    """Judge whether what is known of revocations is young enough (step 1)."""
    allowed = question.trust.minima.revocation_age_seconds
    if allowed is None:
        return
    expected = f"a list of revocations, at most {allowed} s old"
    known_at = None if question.revocations is None else question.revocations.known_at(question.at)
    if known_at is None:
        found = "no revocations" if question.revocations is None else "none that counts"
        sheet.unproven(AGE_CHECK, "nobody says what was revoked until now", expected=expected, found=found)
    elif question.at - known_at > allowed * _SECOND:
        found = f"one as of {instant.text(known_at)}"
        sheet.unproven(AGE_CHECK, "what is known of revocations is too old", expected=expected, found=found)
    else:
        sheet.settle(AGE_CHECK, detail=f"everything that was revoked until {instant.text(known_at)} is known")
    sheet.settle(AGE_CHECK)


def void_from(void: Void | None) -> VoidFrom:
    """Return when something ceases to count."""
    return GOOD if void is None else VoidFrom(void.since, void.revocation.reason)


def void_writer(question: Question, keyid: str) -> VoidFrom:
    """Return when the receipts of a key cease to count (step 4)."""
    return GOOD if question.revocations is None else void_from(question.revocations.of_key(keyid))


def fail_void(sheet: Sheet, what: str, void: VoidFrom, *, found: str, where: str | None = None) -> None:
    """Note that something was used when it was void."""
    sheet.fail(
        CHECK,
        f"{what} is revoked: {void.reason}",
        where=where,
        expected=f"before {instant.text(void.since)}",
        found=found,
    )
