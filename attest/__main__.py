"""`python -m attest`: the same as the command `attest`."""

from __future__ import annotations

from attest.cli import main

main()
