"""`python -m benchmarks.resident TREE [cached]`: a warm process with all that an agent loads, looking at TREE.

It does so for each line of its input; with `cached`, digests are kept as under a scrub time of an hour. It answers with
a line of JSON: files and bytes hashed, trouble met, processor seconds, the most memory it ever held.
"""

from __future__ import annotations

import json
import sys
import time

import attest.agent.run  # noqa: F401  (what an agent has loaded counts as its memory)
from attest.measure.leasing import ignore_lease_breaks
from attest.measure.standpoint import standing_at
from attest.measure.stat_cache import Caches
from attest.measure.tree import look_at_roots
from attest.statement.manifest import Root, Scope
from benchmarks.machine import peak_resident_bytes

_ROOTS = (Root(name="tree", scope=Scope.EXACT, mutable=()),)


def answer(tree: str, caches: Caches | None) -> str:
    """Look at everything in `tree` and say what it took."""
    processor = time.process_time()
    with standing_at(None, caches) as standpoint:
        seen = look_at_roots(
            {"tree": tree}, _ROOTS, {}, clock_ms=lambda: time.time_ns() // 1_000_000, standpoint=standpoint
        )
    hashed = [each for each in seen.files.values() if each.sha256 is not None]
    told = {
        "files": len(hashed),
        "bytes": sum(each.size or 0 for each in hashed),
        "trouble": sum(each.trouble is not None for each in seen.files.values()),
        "processor": time.process_time() - processor,
        "peak": peak_resident_bytes(),
        "cached": seen.cached,
        "leased": seen.leased,
    }
    return json.dumps(told)


ignore_lease_breaks()
kept = Caches(3600, 10) if "cached" in sys.argv[2:] else None
for _ in sys.stdin:
    sys.stdout.write(answer(sys.argv[1], kept) + "\n")
    sys.stdout.flush()
