"""`python -m benchmarks.watched REF LOG CYCLE [PID]`: an agent over one sealed server until its input ends.

Trust file and writer's key lie beside REF. For each cycle it answers with a line of JSON: state, files and bytes,
processor seconds since the line before, when it was told (seconds, monotonic), and the memory held, now and at most.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import msgspec

from attest.agent.keeping import Reported
from attest.agent.starting import AgentRequest, open_agent
from benchmarks.memory import peak_resident_bytes, resident_bytes


def main(reference: Path, log: Path, cycle_seconds: int, pid: int | None) -> None:
    """Run the agent; everything it does between two lines is in the processor time of the second."""
    before = time.process_time()

    def tell(reported: Reported) -> None:
        nonlocal before
        told, now = reported.cycle, time.process_time()
        said = {
            "state": told.state,
            "findings": [f"{each.kind} {each.where}" for each in told.findings.findings[:9]],
            "files": told.measured.coverage.files,
            "bytes": told.measured.coverage.bytes,
            "processor": now - before,
            "at": time.monotonic(),
            "resident": resident_bytes(),
            "peak": peak_resident_bytes(),
        }
        before = now
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")
        sys.stdout.flush()

    request = AgentRequest(
        references=(reference,),
        trust=reference.with_name("trust.json"),
        key=reference.with_name("writer.key"),
        log=log,
        places={},
        pid=pid,
        cycle_seconds=cycle_seconds,
    )
    with open_agent(request, tell) as run:
        threading.Thread(target=_stop_at_end, args=(run.stop,), daemon=True).start()
        run.until_stopped()


def _stop_at_end(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if sys.argv[4:] else None)
