"""The door: click lives only here, one file a verb: parse, call one function, print.

Always: results to stdout, everything else to stderr, the exit codes of CLI.md. Never: a decision.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; `--version` alone is answered before anything is imported."""
    if sys.argv[1:] == ["--version"]:
        from attest.version import VERSION

        sys.stdout.write(f"mcp-attest {VERSION}\n")
        return
    from attest.cli.door import enter

    sys.exit(enter(sys.argv[1:]))
