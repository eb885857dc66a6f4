"""`python -m benchmarks.peak ARGUMENT...`: run `attest ARGUMENT...` and tell the most memory it held, in bytes."""

from __future__ import annotations

import sys

from attest.cli.door import enter
from benchmarks.memory import peak_resident_bytes

code = enter(sys.argv[1:])
sys.stderr.write(f"\n{peak_resident_bytes()}\n")
sys.exit(code)
