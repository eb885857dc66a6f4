"""`python -m benchmarks.resident TREE`: a warm process with all that an agent loads; rehashes TREE for each input line.

It answers with a line of JSON: files and bytes hashed, trouble met, processor seconds, the most memory it ever held.
"""

from __future__ import annotations

import json
import sys
import time

import attest.agent.run  # noqa: F401  (what an agent has loaded counts as its memory)
from attest.measure.tree import look_at_roots
from attest.statement.manifest import Root, Scope
from benchmarks.machine import peak_resident_bytes

_ROOTS = (Root(name="tree", scope=Scope.EXACT, mutable=()),)


def answer(tree: str) -> str:
    """Rehash everything in `tree` and say what it took."""
    processor = time.process_time()
    seen = look_at_roots({"tree": tree}, _ROOTS, {}, clock_ms=lambda: time.time_ns() // 1_000_000)
    hashed = [each for each in seen.files.values() if each.sha256 is not None]
    told = {
        "files": len(hashed),
        "bytes": sum(each.size or 0 for each in hashed),
        "trouble": sum(each.trouble is not None for each in seen.files.values()),
        "processor": time.process_time() - processor,
        "peak": peak_resident_bytes(),
    }
    return json.dumps(told)


for _ in sys.stdin:
    sys.stdout.write(answer(sys.argv[1]) + "\n")
    sys.stdout.flush()
