"""tool-permit v0.1: a call was permitted, or what came of it. Signed by a writer; its subject is the manifest."""

from typing import Final

from attest.codec.records import Record
from attest.errors import MalformedError
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.receipt import ReceiptHeader
from attest.statement.tools.calls import Call, Outcome, Permit

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/tool-permit/v0.1"


class ToolPermit(Record, kw_only=True):
    """A decision, recorded before a byte is forwarded, or its outcome, recorded after the answer; never both."""

    receipt: ReceiptHeader
    call: Call
    permit: Permit | None = None
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        """Refuse both and neither, and to permit what could not be read."""
        if (self.permit is None) == (self.outcome is None):
            raise MalformedError("predicate", "a permit or an outcome", "both" if self.permit else "neither")
        if self.call.method is None:
            raise MalformedError("call", "a method", "none")
