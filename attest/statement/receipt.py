"""What every receipt carries, whatever it says: where it stands in which log, under which reference, when."""

from attest.codec import instant
from attest.codec.records import Count, Id128, Line, Record, Sha256Hex, Timestamp
from attest.statement.levels import Binding, Isolation


class ReceiptHeader(Record, kw_only=True):
    """The part that all receipts share; ARCHITECTURE 3.

    `nonce` hides the payload behind its commitment and makes equal statements different. `sequence` and `previous`
    tie the receipt to its place in the log: `previous` is the SHA-256 of the previous entry's bytes, 64 zeros at the
    first. `real_time` and `boot_time_milliseconds` are two clocks, of which only one can be set back.
    """

    nonce: Id128
    log_origin: Line
    session_id: Id128
    sequence: Count
    previous: Sha256Hex
    reference: Sha256Hex | None = None
    writer: Sha256Hex
    isolation: Isolation
    binding: Binding
    real_time: Timestamp
    boot_time_milliseconds: Count
    boot_id: Line

    def __post_init__(self) -> None:
        """Refuse a day that no calendar has."""
        instant.parse(self.real_time, where="realTime")
