"""What a hostile review found: each of these once passed, failed honest evidence, or grew with the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from attest.codec import canonical, instant
from attest.evidence.reports import REPORTS
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.lines import Line
from attest.evidence.verify.opening import BATCH_BYTES, open_receipts
from attest.statement.digests import Subject
from attest.statement.enforcing import Result
from attest.statement.predicates import runtime_measurement, runtime_violation
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.predicates.runtime_measurement import Measured, RuntimeMeasurement
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject
from attest.tlog.checkpoint import Checkpoint
from tests import documents
from tests.evidence_story import DRIFT, Story, ask, failing, honest, judge
from tests.world import NOW, WRITER, make_ring


def test_of_two_pins_of_one_size_both_must_hold(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        pin = story.start().measure(2).checkpoint()
        lines = story.measure().stop().export()
    other = Checkpoint(origin=pin.origin, size=pin.size, root=b"x" * 32)
    assert judge(lines, checkpoints=(pin, pin)).passed
    for pins in ((pin, other), (other, pin)):
        assert list(failing(judge(lines, checkpoints=pins))) == ["completeness.pinned"]


def test_a_violation_that_names_no_reference_fails(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        measured = story.start().measure(2).measured()

        def make(header: ReceiptHeader) -> tuple[RuntimeViolation, tuple[Subject, ...]]:
            return RuntimeViolation(receipt=header, measured=measured, findings=DRIFT), findings_subject(DRIFT)

        story.record(runtime_violation.PREDICATE_TYPE, make, None)
        lines = story.measure().stop().export()
    assert list(failing(judge(lines))) == ["conformance.matched"]


def test_an_action_intended_before_the_pin_may_be_taken_after_it(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        story.start().measure()
        number = story.violate()
        action = story.sealed.enforcement.on_drift
        intended = Event(kind=EventKind.ACTION_INTENDED, action=action, caused_by=number)
        story.event(intended, reference=story.reference)
        pin = story.checkpoint()
        taken = Event(
            kind=EventKind.ACTION_TAKEN, action=action, caused_by=number, result=Result.DONE, outcome="it ended"
        )
        story.event(taken, reference=story.reference)
        lines = story.measure(2).stop().export(since=pin)
    assert judge(lines, checkpoints=(pin,)).passed


def test_a_receipt_measured_in_the_future_is_not_young_for_ever(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        late = instant.text(NOW + 10 * 365 * 86_400_000)
        measured = Measured(started_at=late, finished_at=late, coverage=story.start().measured().coverage)

        def make(header: ReceiptHeader) -> tuple[RuntimeMeasurement, tuple[Subject, ...]]:
            return RuntimeMeasurement(receipt=header, measured=measured), documents.SUBJECTS

        story.record(runtime_measurement.PREDICATE_TYPE, make, story.reference)
        receipts = [json.loads(line).get("receipt") for line in story.export()]
    verdict = verify_file([canonical.encode_value(list(filter(None, receipts))[-1])], ask(), file="receipt")
    assert list(failing(verdict)) == ["freshness.future"]


def test_the_subject_of_a_single_measurement_is_only_its_writers_word(tmp_path: Path):
    receipts = [json.loads(line).get("receipt") for line in honest(tmp_path / "log")]
    verdict = verify_file([canonical.encode_value(list(filter(None, receipts))[1])], ask(), file="receipt")
    assert verdict.passed
    assert verdict.axes.integrity == "asserted"


def test_a_file_name_that_is_not_utf8_can_be_reported():
    verdict = verify_file([b"x"], ask(), file="a\udcffb")
    for report in REPORTS.values():
        rendered = report.render([verdict])
        assert "a\\" in rendered or "a%5C" in rendered


def test_long_lines_do_not_wait_together():
    """64 lines a batch, 8 batches ahead, 48 MiB a line: that would be 27 GiB."""
    read = 0

    def source() -> Iterator[Line]:
        nonlocal read
        for number in range(100):
            read += 1
            yield Line(f"line {number}", b"x" * (2 * BATCH_BYTES), documents.REFERENCE)

    for given, _ in enumerate(open_receipts(source(), make_ring(WRITER, role="writer"), map), 1):
        assert read <= given + 1
