"""`attest bundle`: export logs as one file that anybody can verify."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import click

from attest.cli.arguments import FILE, RANGE, example
from attest.cli.home import LOG


@click.command(
    epilog=example("attest bundle log -o evidence.jsonl", "attest bundle log --tier full -o everything.jsonl.gz")
)
@click.argument("directory", metavar="DIR...", type=LOG, nargs=-1, required=True)
@click.option("-o", "out", required=True, type=FILE, help="Where to write; .gz and .zst are packed; - is stdout.")
@click.option(
    "--tier",
    type=click.Choice(["structural", "receipts", "full"]),
    default="receipts",
    show_default=True,
    help="structural: order, completeness and time only, without any content; full: with arguments and answers.",
)
@click.option(
    "--disclose",
    type=RANGE,
    multiple=True,
    metavar="N|N-N",
    help="With --tier full: disclose only what belongs to these entries of the log, and not all that is kept.",
)
@click.option("--since", type=FILE, help="Begin after this checkpoint, which whoever verifies has to hold too.")
def bundle(directory: tuple[Path, ...], out: Path, tier: str, since: Path | None, disclose: tuple[range, ...]) -> None:
    """Export the log in each DIR, up to its newest checkpoint, with all that it takes to verify it.

    DIR is a log's folder, or after attest init the name of one in the user's place, as run-NAME.

    Arguments and answers of calls stand in a log as commitments alone. Tier full opens those for which something is
    kept: whoever gets the file reads them.
    """
    from attest.cli.output import STANDARD, write_out
    from attest.cli.progress import Progress
    from attest.cli.replacing import begins_with, check_replaceable
    from attest.codec.files import read_file
    from attest.evidence.bundle import LogSource, write_bundle
    from attest.evidence.disclosing import Kept
    from attest.evidence.grammar import HEADER_PREFIX, Tier
    from attest.evidence.packing import packing_for
    from attest.tlog.checkpoint import read_checkpoint_unverified
    from attest.tlog.documents import Documents
    from attest.tlog.stores import SQLITE

    if disclose and (tier != Tier.FULL or len(directory) > 1):
        msg = "--disclose names entries of one log, and needs --tier full"
        raise click.UsageError(msg)
    check_replaceable(out, "an evidence bundle", begins_with(HEADER_PREFIX))
    pinned = read_checkpoint_unverified(read_file(since), where=str(since)) if since is not None else None
    with ExitStack() as stack, Progress() as progress:
        sources = [
            LogSource(
                reader=stack.enter_context(closing(SQLITE.open_reader(log))),
                documents=Documents(log),
                kept=Kept(log) if tier == Tier.FULL else None,
            )
            for log in directory
        ]
        told = progress.count(
            write_bundle(sources, tier=Tier(tier), since=pinned, disclose=disclose), "exporting lines"
        )
        write_out(out, packing_for(out.name).pack(told))
    if out != STANDARD:
        click.echo(f"wrote {out}", err=True)
    for source in sources if pinned is None else ():
        if source.reader.closed:
            lacks = f"what was closed before, {source.reader.closed} entries"
            click.echo(f"without {lacks}: verify it after their segments, or with --expect-checkpoint", err=True)
