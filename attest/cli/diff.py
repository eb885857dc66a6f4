"""`attest diff`: what an update changes, for review before it is sealed for good."""

from __future__ import annotations

from pathlib import Path

import click

from attest.cli.arguments import example, format_option
from attest.cli.home import REFERENCE


@click.command(epilog=example("attest diff server.ref server-new.ref"))
@click.argument("old", metavar="REF1", type=REFERENCE)
@click.argument("new", metavar="REF2", type=REFERENCE)
@click.option(
    "--files", "every_file", is_flag=True, help="List every file and term, not only what no package explains."
)
@format_option
def diff(old: Path, new: Path, form: str, *, every_file: bool) -> None:
    """Show what changed from REF1 to REF2: by package, by file, in tools and build evidence, in all that they demand.

    Their manifests lie beside them. Signatures are not judged: attest verify does that.
    """
    import msgspec

    from attest.cli.difference_text import render
    from attest.codec.printable import printable_json
    from attest.seal.comparing import compare
    from attest.seal.unverified import read_unverified

    before, after = read_unverified(old), read_unverified(new)
    difference = compare(before, after)
    if form == "json":
        click.echo(printable_json(msgspec.json.encode(difference).decode()))
        return
    for line in render(before, after, difference, every_file=every_file):
        click.echo(line)
