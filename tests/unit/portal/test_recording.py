"""Receipts for an event loop: in its own thread while the log is quick, in the log's while it is not."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from attest.agent.drafts import Standing
from attest.codec.clock import Clock
from attest.errors import RefusedError
from attest.portal import recording
from attest.portal.drafts import Drafts
from attest.portal.recording import Came, Recording
from attest.portal.session.effects import Permitted, Record
from attest.recorder import Recorder, open_recorder
from attest.statement.levels import Binding, Isolation
from tests.call_documents import CALL, DENIAL, PERMIT
from tests.documents import SUBJECTS
from tests.waiting import PATIENCE_SECONDS
from tests.world import NOW, WRITER

BOOT = 5000


@pytest.fixture
def recorder(tmp_path: Path):
    clock = Clock(real=lambda: NOW, boot=lambda: BOOT, boot_id="boot")
    with open_recorder(tmp_path / "log", WRITER, clock=clock, pinned=None) as opened:
        yield opened


def drafts(makers: list[int] | None = None) -> Drafts:
    """Return drafts that note the thread in which a permit is made."""

    def newest(_: str) -> None:
        if makers is not None:
            makers.append(threading.get_ident())

    standing = Standing(binding=Binding.LAUNCHED, isolation=Isolation.SAME_UID)
    return Drafts(reference="ef" * 32, subjects=SUBJECTS, standing=standing, newest=newest)


def permit(ticket: int, until_ms: int | None = None) -> Record:
    return Record(ticket=ticket, content=Permitted(call=CALL, permit=PERMIT, until_ms=until_ms))


def test_a_quick_log_is_written_at_once_and_one_that_fails_fails_alone(recorder: Recorder):
    makers: list[int] = []

    async def run() -> list[Came]:
        return Recording(recorder, drafts(makers), lambda _: None).record(
            [permit(1), permit(2, until_ms=BOOT), Record(ticket=3, content=DENIAL)]
        )

    came = asyncio.run(run())
    assert [each.ticket for each in came] == [1, 2, 3]
    assert [None if each.receipt is None else each.receipt.sequence for each in came] == [0, None, 1]
    assert isinstance(came[1].error, RefusedError)
    assert not came[1].is_last
    assert makers == [threading.get_ident()] * 2


def test_a_log_that_is_slow_again_and_again_is_left_to_its_own_thread_for_a_while(recorder: Recorder, monkeypatch):
    monkeypatch.setattr(recording, "_QUICK_SECONDS", -1.0)
    monkeypatch.setattr(recording, "_RECEIPT_SECONDS", 0.0)
    monkeypatch.setattr(recording, "_SHARE", 1.0)
    makers: list[int] = []

    async def run() -> list[Came]:
        told: asyncio.Queue[list[Came]] = asyncio.Queue()
        under = Recording(recorder, drafts(makers), told.put_nowait)
        assert len(under.record([permit(1)])) == 1
        assert under.record([permit(2), permit(3)]) == []
        assert under.pending == 2
        came: list[Came] = []
        while len(came) < 2:
            came += await asyncio.wait_for(told.get(), PATIENCE_SECONDS)
        assert under.pending == 0
        return came

    came = asyncio.run(run())
    assert [(each.ticket, each.receipt and each.receipt.sequence) for each in came] == [(2, 1), (3, 2)]
    assert makers[0] == threading.get_ident()
    assert threading.get_ident() not in makers[1:]


def test_a_log_that_takes_nothing_more_is_said_to(recorder: Recorder):
    async def run() -> list[Came]:
        told: asyncio.Queue[list[Came]] = asyncio.Queue()
        under = Recording(recorder, drafts(), told.put_nowait)
        recorder.close()
        under.submit(permit(1))
        return [*await asyncio.wait_for(told.get(), PATIENCE_SECONDS), *under.record([permit(2)])]

    came = asyncio.run(run())
    assert [(each.ticket, each.is_last, each.receipt) for each in came] == [(1, True, None), (2, True, None)]
