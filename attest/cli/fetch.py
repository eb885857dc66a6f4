"""`attest fetch`: archives and whatever attestations exist for them, for `seal --evidence`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attest.cli.arguments import FILE, example

if TYPE_CHECKING:
    from attest.fetch.fetch import Tell


@click.command(epilog=example("attest fetch mcp-server-time==2026.10.19 -o evidence"))
@click.argument("what", metavar="PURL|LOCKFILE|PACKAGE|TREE")
@click.option("-o", "out", required=True, type=FILE, help="The folder to fetch into; nothing in it is replaced.")
@click.option("--no-dependencies", is_flag=True, help="Of a package, fetch it alone.")
def fetch(what: str, out: Path, *, no_dependencies: bool) -> None:
    """Fetch archives, and the attestations that their index offers, into a folder for attest seal --evidence.

    A package with all that it needs, everything that a lock file names, or what is installed in a Python environment.
    Nothing is verified here: attest seal does that. Uses the network, through pip and npm as they are set up.
    """
    from attest.cli.progress import Progress
    from attest.fetch.fetch import Fetched

    fetched: list[Fetched] = []
    with Progress() as progress:
        for each in _fetch(what, out, progress.tell, dependencies=not no_dependencies):
            fetched.append(each)
            progress.clear()
            click.echo(f"sha256:{each.sha256}  {each.archive}  {each.attestations or 'no attestations'}")
    attested = sum(each.attestations is not None for each in fetched)
    counted = "1 archive" if len(fetched) == 1 else f"{len(fetched)} archives"
    click.echo(f"{counted} in {out}, {attested} with attestations, none verified", err=True)
    click.echo(f"next: attest seal TREE --evidence {out} ...", err=True)


def _fetch(what: str, out: Path, tell: Tell, *, dependencies: bool) -> Iterator[Any]:
    from attest.codec.files import read_file
    from attest.fetch.fetch import fetch_locked, fetch_packages
    from attest.fetch.wanted import installed_in, parse_wanted

    path = Path(what)
    if path.is_dir():
        return fetch_packages(installed_in(path), out, dependencies=False, tell=tell)
    if path.is_file():
        return fetch_locked(read_file(path), path.name, out, tell=tell)
    return fetch_packages((parse_wanted(what),), out, dependencies=dependencies, tell=tell)
