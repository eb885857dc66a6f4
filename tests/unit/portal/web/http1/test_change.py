"""Waiting until something may have changed: nothing is remembered, and who was called off leaves nothing behind."""

from __future__ import annotations

import asyncio

from attest.portal.web.http1.change import Change


def test_who_waits_goes_on_once_something_happened() -> None:
    async def go() -> list[str]:
        change, seen = Change(), list[str]()

        async def wait() -> None:
            await change.wait()
            seen.append("looks")

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        change.happened()
        change.happened()
        seen.append("happened")
        await waiting
        return seen

    assert asyncio.run(go()) == ["happened", "looks"]


def test_what_happened_before_is_not_remembered() -> None:
    async def go() -> bool:
        change = Change()
        change.happened()
        waiting = asyncio.create_task(change.wait())
        await asyncio.sleep(0)
        still_waits = not waiting.done()
        change.happened()
        await waiting
        return still_waits

    assert asyncio.run(go())


def test_nobody_is_woken_who_was_called_off() -> None:
    async def go() -> bool:
        change = Change()
        waiting = asyncio.create_task(change.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        # In the same round of the loop, before the task has heard of it.
        change.happened()
        await asyncio.wait([waiting])
        change.happened()
        return waiting.cancelled()

    assert asyncio.run(go())
