"""What could be seen in a cycle, put together from the looks it was made of."""

from __future__ import annotations

from collections.abc import Sequence

from attest.agent.waking import Waking
from attest.statement.observation import Observation, ObservedProcess
from attest.statement.predicates.runtime_measurement import Sight


def sight_of(observations: Sequence[Observation], process: ObservedProcess | None, waking: Waking | None) -> Sight:
    """Return what the looks at files and the one at the process could see, and what woke us between them."""
    return Sight(
        lease=all(each.leased for each in observations),
        fine_ctime=all(each.fine for each in observations),
        mapped_files=process is not None and process.mapped_files_seen,
        memory=process is not None and process.memory_seen,
        events=waking is not None and waking.complete,
    )
