"""`python -m benchmarks.resident TREE [cached]`: a warm process with all that an agent loads, looking at TREE.

It does so for each line of its input, large trees with the helper that an agent would have; with `cached`, digests are
kept as under a scrub time of an hour. It answers with a line of JSON: files and bytes hashed, trouble met, processor
seconds, the most memory it ever held.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import attest.agent.run  # noqa: F401  (what an agent has loaded counts as its memory)
from attest.agent.closure import LARGE_BYTES
from attest.measure.leasing import ignore_lease_breaks
from attest.measure.standpoint import standing_at
from attest.measure.stat_cache import Caches
from attest.measure.tree import look_at_roots
from attest.statement.manifest import Root, Scope
from attest.statement.packed_files import as_packed
from benchmarks.memory import peak_resident_bytes

_ROOTS = (Root(name="tree", scope=Scope.EXACT, mutable=()),)


def answer(tree: str, caches: Caches | None, before: dict[str, Any]) -> dict[str, Any]:
    """Look at everything in `tree` and say what it took; `before` is what was said the last time."""
    processor = _processor_seconds()
    with standing_at(None, caches) as standpoint:
        seen = look_at_roots(
            {"tree": tree},
            _ROOTS,
            {},
            clock_ms=lambda: time.time_ns() // 1_000_000,
            standpoint=standpoint,
            large=before.get("bytes", 0) >= LARGE_BYTES,
        )
    files = as_packed(seen.files)
    return {
        "files": files.count_hashed(),
        "bytes": files.bytes_hashed(),
        "trouble": sum(each.trouble is not None for each in files.single.values()),
        "processor": _processor_seconds() - processor,
        "peak": peak_resident_bytes(),
        "cached": seen.cached,
        "leased": seen.leased,
    }


def _processor_seconds() -> float:
    each = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in each)


ignore_lease_breaks()
kept = Caches(3600, 10) if "cached" in sys.argv[2:] else None
told: dict[str, Any] = {}
for _ in sys.stdin:
    told = answer(sys.argv[1], kept, told)
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
