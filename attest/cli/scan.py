"""`attest scan`: every MCP server that is configured or running here, what really executes, how much of it is known."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attest.cli import home as user
from attest.cli.arguments import FILE, example, format_option

if TYPE_CHECKING:
    from attest.scan.sealed import SealedServers


@click.command(epilog=example("attest scan", "attest scan client.json --format json"))
@click.argument("config", type=FILE, nargs=-1)
@format_option
@click.option("--running/--no-running", default=True, show_default=True, help="Look at running processes, too.")
def scan(config: tuple[Path, ...], *, form: str, running: bool) -> int:
    """Show every MCP server that clients are configured to start, or that runs; reads only, needs no keys.

    CONFIG: client configurations to look at instead of those in their usual places. Exits with 1 if files are not what
    their installer wrote down, a sealed server is not as it was sealed, or a process was made to load other code.
    """
    from attest.cli.output import wants_colours
    from attest.cli.progress import Progress
    from attest.cli.scan_text import render
    from attest.clients.places import find_configurations, read_given
    from attest.scan.scan import Scan

    home = str(Path("~").expanduser())
    given = tuple(read_given(path, home=home) for path in config)
    found = given or find_configurations(home, str(Path.cwd()), os.environ)
    with Progress() as progress:
        progress.tell("reading references")
        looking = Scan(
            cwd=str(Path.cwd()),
            environment=os.environ,
            clock_ms=_now,
            sealed=_sealed(),
            tell_progress=lambda name: progress.tell(f"looking at {name}"),
        )
        scanned = looking.everything(found, running=running)
    if form == "json":
        from attest.cli.scan_json import lines

        for line in lines(found, scanned):
            click.echo(line)
    else:
        click.echo("\n".join(render(found, scanned, home=home, coloured=wants_colours())))
    return int(any(each.failing for each in scanned) or any(each.complaint for each in given))


def _now() -> int:
    return time.time_ns() // 1_000_000


def _sealed() -> SealedServers | None:
    from attest.scan.sealed import open_references
    from attest.trust.trust import load_trust

    return open_references(user.references(), load_trust(user.trust_file()), _now) if user.is_initialised() else None
