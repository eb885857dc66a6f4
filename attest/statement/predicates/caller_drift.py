"""caller-drift v0.1: a principal left the sealed baseline. Signed by a writer; its subject is the drift's digest."""

from typing import Final

from attest.codec.records import Record
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.receipt import ReceiptHeader
from attest.statement.tools.calls import Drifted

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/caller-drift/v0.1"


class CallerDrift(Record, kw_only=True):
    """Acts on that principal only; the server and its other callers are as good as before."""

    receipt: ReceiptHeader
    drift: Drifted
