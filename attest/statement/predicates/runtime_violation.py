"""runtime-violation v0.1: a cycle that did not match. Signed by a writer; its subject is the digest of its findings."""

from typing import Final

from attest.codec.records import Record
from attest.statement.findings import Findings
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.predicates.runtime_measurement import Measured
from attest.statement.receipt import ReceiptHeader

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/runtime-violation/v0.1"


class RuntimeViolation(Record, kw_only=True):
    """Drift, or any state that is not MATCH."""

    receipt: ReceiptHeader
    measured: Measured
    findings: Findings
