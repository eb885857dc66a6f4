"""tool-denial v0.1: a call was refused, and by which rule. Signed by a writer; its subject is the denial's digest."""

from typing import Final

from attest.codec.records import Record
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.receipt import ReceiptHeader
from attest.statement.tools.calls import Denial

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/tool-denial/v0.1"


class ToolDenial(Record, kw_only=True):
    """A request that was not forwarded, or an answer that was withheld."""

    receipt: ReceiptHeader
    denial: Denial
