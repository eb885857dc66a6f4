"""`attest demo`: the whole line on a real MCP server."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from attest.cli.arguments import FILE, example


@click.command(epilog=example("attest demo --keep"))
@click.option("--dir", "folder", type=FILE, help="Where to work; an empty directory, kept afterwards.")
@click.option("--keep", is_flag=True, help="Keep everything, to look at it.")
@click.option("--server", type=click.Choice(["time"]), default="time", show_default=True, help="Which one.")
def demo(folder: Path | None, server: str, *, keep: bool) -> int:  # noqa: ARG001  (one server so far)
    """Install a real MCP server, seal it, measure it, tamper with it, and verify the evidence.

    Uses the network to install the server, and nothing else. Exits 1 if any step did not come out as it should.
    """
    from attest.cli.output import wants_colours
    from attest.demo.demo import run_demo
    from attest.demo.timeline import Timeline
    from attest.errors import RefusedError

    timeline = Timeline(colours=wants_colours())
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise RefusedError(str(folder), "an empty directory", "one with files")
        right = run_demo(folder.resolve(), timeline)
    elif keep:
        folder = Path(tempfile.mkdtemp(prefix="attest-demo-"))
        right = run_demo(folder.resolve(), timeline)
    else:
        with tempfile.TemporaryDirectory(prefix="attest-demo-") as temporary:
            right = run_demo(Path(temporary).resolve(), timeline)
    timeline.write("")
    if folder is not None:
        timeline.write(f"everything is in {folder}")
    timeline.write("every step came out as said" if right else f"{timeline.failures} step(s) did not come out as said")
    return 0 if right else 1
