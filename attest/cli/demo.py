"""`attest demo`: the whole line on a real MCP server."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import click

from attest.cli.arguments import FILE, example

SERVER_NAMES: Final = ("time", "filesystem")
"""The keys of `attest.demo.servers.SERVERS`, which is imported only to run."""


@click.command(epilog=example("attest demo --keep", "attest demo --server filesystem"))
@click.option("--dir", "folder", type=FILE, help="Where to work; an empty directory, kept afterwards.")
@click.option("--keep", is_flag=True, help="Keep everything, to look at it.")
@click.option(
    "--server",
    type=click.Choice(SERVER_NAMES),
    default=SERVER_NAMES[0],
    show_default=True,
    help="Which one: mcp-server-time of PyPI, or server-filesystem of npm, which needs node and npm.",
)
def demo(folder: Path | None, server: str, *, keep: bool) -> int:
    """Install a real MCP server, seal it, measure it, tamper with it, and verify the evidence.

    Uses the network to install the server, and nothing else. Exits 1 if any step did not come out as it should.
    """
    from attest.cli.output import wants_colours
    from attest.demo.demo import run_demo
    from attest.demo.servers import SERVERS
    from attest.demo.timeline import Timeline
    from attest.errors import RefusedError

    timeline = Timeline(colours=wants_colours())
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise RefusedError(str(folder), "an empty directory", "one with files")
        right = run_demo(SERVERS[server], folder.resolve(), timeline)
    elif keep:
        folder = Path(tempfile.mkdtemp(prefix="attest-demo-"))
        right = run_demo(SERVERS[server], folder.resolve(), timeline)
    else:
        with tempfile.TemporaryDirectory(prefix="attest-demo-") as temporary:
            right = run_demo(SERVERS[server], Path(temporary).resolve(), timeline)
    timeline.write("")
    if folder is not None:
        timeline.write(f"everything is in {folder}")
    timeline.write("every step came out as said" if right else f"{timeline.failures} step(s) did not come out as said")
    return 0 if right else 1
