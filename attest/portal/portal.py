"""The portal over standard input and output: between a client and the server that it starts, and measures meanwhile.

Two threads: the agent's run, which starts the server, looks at it and records; and the event loop, which carries the
messages. A run stops only once all that belongs to it is recorded.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final

from attest.agent.drafts import subjects_of
from attest.agent.launching.launch import Launch
from attest.agent.launching.streams import Streams
from attest.measure.kernel import keep_memory_at_hand
from attest.portal.disclosing import open_disclosing
from attest.portal.drafts import Drafts
from attest.portal.observing.observed import Observe
from attest.portal.opening import local_caller, open_launch_gate, open_phantoms
from attest.portal.running import Running
from attest.portal.session.gate import Gate
from attest.portal.session.session import Session
from attest.portal.shells.pipes import pollable
from attest.portal.shells.stdio import Ends, Keeping, StdioShell
from attest.portal.space import Space

PASSED_ON: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
END_GRACE_SECONDS: Final = 10.0
"""How long a server may take to end once its input has."""
_LAST_SECONDS: Final = 5.0
"""How long a client may take to read the last answers once the run is over."""
_STDIN, _STDOUT = 0, 1


@dataclass(frozen=True, kw_only=True)
class Portal:
    """What a portal is made of before it begins."""

    launch: Launch
    streams: Streams
    say: Callable[[str], None]
    """Says to whoever watches what no receipt can say; called from both threads."""
    tells_receipts: bool = False
    """Whether results name the receipt of their permit in `_meta`."""
    observe: Observe | None = None
    """Whoever watches decisions."""


def stand_between(portal: Portal) -> int:
    """Carry messages until the server has ended; return its exit code, or 1 if anything did not match.

    Raises what the run raises, `MalformedError` for rules that cannot be compiled, and `UnavailableError` where an
    engine is not installed, or there is no place for disclosures.
    """
    keep_memory_at_hand()
    launch = portal.launch
    gate = open_launch_gate(launch)
    gate.tells_receipts = portal.tells_receipts
    with ExitStack() as stack:
        disclosing = stack.enter_context(open_disclosing(launch.request.log, portal.say))
        ends = Ends(
            from_client=stack.enter_context(pollable(_STDIN, reading=True)),
            to_client=stack.enter_context(pollable(_STDOUT, reading=False)),
            server=portal.streams,
        )
        drafts = Drafts(
            reference=launch.server.opened.digest,
            subjects=subjects_of(launch.server),
            standing=launch.run.request.standing,
            newest=launch.run.recorder.newest,
        )
        keeping = Keeping(
            recorder=launch.run.recorder,
            drafts=drafts,
            disclosing=disclosing,
            space=Space(launch.request.log, portal.say),
            say=portal.say,
            observe=portal.observe,
        )
        runner = stack.enter_context(asyncio.Runner(loop_factory=loop_factory()))
        return runner.run(_serve(portal, gate, ends, keeping))


async def _serve(portal: Portal, gate: Gate, ends: Ends, keeping: Keeping) -> int:
    launch = portal.launch
    session = Session(gate, local_caller(launch), os.urandom)
    shell = StdioShell(session, gate, ends, keeping, launch.run.clock.boot, open_phantoms(launch))
    loop = asyncio.get_running_loop()
    running = Running(
        launch.run, launch.until_ended, loop, stand=shell.stand, server_ended=shell.server_ended, end=launch.end
    )

    def pass_on(number: signal.Signals) -> None:
        launch.pass_on(number)
        shell.end()

    for number in PASSED_ON:
        loop.add_signal_handler(number, pass_on, number)
    code = asyncio.wrap_future(running.start())
    # However the run ended, there is no server any more.
    code.add_done_callback(lambda _: shell.server_ended())
    ending = asyncio.create_task(_end_late(shell, launch))
    ended = asyncio.ensure_future(shell.ended.wait())
    await asyncio.wait((ended, code), return_when=asyncio.FIRST_COMPLETED)
    # A run that is over already waited for us; a client that does not read is not waited for any longer.
    with suppress(TimeoutError):
        await asyncio.wait_for(ended, _LAST_SECONDS)
    running.finish()
    ending.cancel()
    return await code


async def _end_late(shell: StdioShell, launch: Launch) -> None:
    """Have the run end, and the server with it, if it outlasts its input for long."""
    await shell.input_closed.wait()
    await asyncio.sleep(END_GRACE_SECONDS)
    launch.run.stop.set()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's event loop, if that is installed; None: the standard one will do."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
