"""`python -m tests.servers`: seal the reference servers and print a table of what sealing them came to."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.servers.servers import SERVERS, Row, seal_and_measure

HEAD = """\
| server | files | bytes | built | listed | locked | derived | site | seconds to seal | second installation |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def line_of(row: Row) -> str:
    """Return a server's line of the table."""
    shares = " | ".join(f"{row.shares[origin]:.1%}" for origin in ("built", "listed", "locked", "derived", "site"))
    name = f"{row.server.package} {row.server.version}"
    return f"| `{name}` | {row.files:,} | {row.octets:,} | {shares} | {row.seal_seconds:.1f} | {row.elsewhere} |"


def main() -> None:
    """Print a line a server, as each is done."""
    print(HEAD)
    for server in SERVERS:
        with tempfile.TemporaryDirectory() as place:
            print(line_of(seal_and_measure(server, Path(place))), flush=True)


main()
