"""Drafts of receipts about calls: no permit on what has ceased to hold by the time at which it is written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from attest.agent.drafts import Standing
from attest.codec.clock import Clock
from attest.errors import RefusedError
from attest.portal.drafts import Drafts
from attest.portal.session.effects import Permitted, Settled
from attest.recorder import Draft, Recorder, open_recorder
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates import runtime_violation
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.statement import findings_subject
from tests.call_documents import CALL, DENIAL, DRIFTED, OUTCOME, PERMIT
from tests.documents import SUBJECTS
from tests.log_documents import FINDINGS, measured
from tests.world import NOW, WRITER

BOOT = 5000


@pytest.fixture
def world(tmp_path: Path):
    with open_recorder(
        tmp_path / "log", WRITER, clock=Clock(real=lambda: NOW, boot=lambda: BOOT, boot_id="boot"), pinned=None
    ) as recorder:
        standing = Standing(binding=Binding.LAUNCHED, isolation=Isolation.SAME_UID)
        drafts = Drafts(reference="ef" * 32, subjects=SUBJECTS, standing=standing, newest=recorder.newest)
        yield SimpleNamespace(recorder=recorder, drafts=drafts)


def violation() -> Draft:
    return Draft(
        predicate_type=runtime_violation.PREDICATE_TYPE,
        make=lambda header: (
            RuntimeViolation(receipt=header, measured=measured(seconds=1), findings=FINDINGS),
            findings_subject(FINDINGS),
        ),
        isolation=Isolation.SAME_UID,
        binding=Binding.LAUNCHED,
        reference="ef" * 32,
    )


def permitted(recorder: Recorder, sequence: int, until_ms: int | None = None) -> Permitted:
    assert PERMIT.relied is not None
    relied = msgspec.structs.replace(PERMIT.relied, log_origin=recorder.origin, sequence=sequence)
    return Permitted(call=CALL, permit=msgspec.structs.replace(PERMIT, relied=relied), until_ms=until_ms)


def test_every_content_makes_a_receipt(world):
    contents = [permitted(world.recorder, 0), Settled(call=CALL, outcome=OUTCOME), DENIAL, DRIFTED]
    for number, content in enumerate(contents):
        assert world.recorder.record(world.drafts.draft(content)).sequence == number


def test_a_permit_is_not_written_behind_a_violation_after_what_it_relied_on(world):
    record, draft = world.recorder.record, world.drafts.draft
    assert record(draft(permitted(world.recorder, 0))).sequence == 0
    assert record(violation()).sequence == 1
    with pytest.raises(RefusedError, match="violation 1"):
        record(draft(permitted(world.recorder, 0)))
    assert record(draft(permitted(world.recorder, 2))).sequence == 2


def test_a_permit_is_not_written_when_the_time_of_its_reference_is_over(world):
    with pytest.raises(RefusedError):
        world.recorder.record(world.drafts.draft(permitted(world.recorder, 0, until_ms=BOOT)))
    assert world.recorder.record(world.drafts.draft(permitted(world.recorder, 0, until_ms=BOOT + 1))).sequence == 0
