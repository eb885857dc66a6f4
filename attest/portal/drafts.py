"""From what a session wants recorded to drafts of receipts: which predicate, which subjects.

A negative statement never names a good digest: the subject of a denial is the digest of the denial itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from attest.agent.drafts import Standing
from attest.codec.records import Record
from attest.errors import RefusedError
from attest.portal.session.effects import Content, Permitted, Settled
from attest.recorder import Draft
from attest.statement.digests import Subject
from attest.statement.predicates import caller_drift, runtime_violation, tool_denial, tool_permit
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject
from attest.statement.tools.calls import Denial, Drifted

Made = tuple[Record, tuple[Subject, ...]]


@dataclass(frozen=True, kw_only=True)
class Drafts:
    """Drafts for one server: its reference, the subjects of what is said about it, and how its receipts are made."""

    reference: str
    subjects: tuple[Subject, ...]
    standing: Standing
    newest: Callable[[str], int | None] = field(default=lambda _: None)
    """As `Recorder.newest`."""

    def draft(self, content: Content) -> Draft:
        """Return the draft of one receipt."""
        match content:
            case Permitted():
                return self._draft(tool_permit.PREDICATE_TYPE, lambda header: self._permit(header, content))
            case Settled():
                return self._draft(tool_permit.PREDICATE_TYPE, lambda header: self._outcome(header, content))
            case Denial():
                return self._draft(tool_denial.PREDICATE_TYPE, lambda header: _denial(header, content))
            case Drifted():
                return self._draft(caller_drift.PREDICATE_TYPE, lambda header: _drift(header, content))

    def _permit(self, header: ReceiptHeader, content: Permitted) -> Made:
        """Make a permit, unless what it relies on has ceased to hold between the decision and this receipt."""
        relied, found = content.permit.relied, self.newest(runtime_violation.PREDICATE_TYPE)
        if relied is not None and relied.log_origin == header.log_origin and (found or 0) > relied.sequence:
            raise RefusedError("permit", f"that receipt {relied.sequence} still holds", f"violation {found}")
        if content.until_ms is not None and header.boot_time_milliseconds >= content.until_ms:
            raise RefusedError("permit", "a reference whose time is not over", "one whose time is over")
        return ToolPermit(receipt=header, call=content.call, permit=content.permit), self.subjects

    def _outcome(self, header: ReceiptHeader, content: Settled) -> Made:
        return ToolPermit(receipt=header, call=content.call, outcome=content.outcome), self.subjects

    def _draft(self, predicate_type: str, make: Callable[[ReceiptHeader], Made]) -> Draft:
        return Draft(
            predicate_type=predicate_type,
            make=make,
            reference=self.reference,
            binding=self.standing.binding,
            isolation=self.standing.isolation,
        )


def _denial(header: ReceiptHeader, denial: Denial) -> Made:
    return ToolDenial(receipt=header, denial=denial), findings_subject(denial, name="denial")


def _drift(header: ReceiptHeader, drift: Drifted) -> Made:
    return CallerDrift(receipt=header, drift=drift), findings_subject(drift, name="drift")
