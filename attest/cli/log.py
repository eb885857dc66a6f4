"""`attest log`: show, check and watch a log of receipts, and take its head to keep elsewhere."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import click

from attest.cli.arguments import FILE, Verbs, example
from attest.cli.home import LOG, trust_option


@click.group(cls=Verbs)
def log() -> None:
    """Show and check a log of receipts.

    DIR is its folder, or after attest init the name of one in the user's place, as run-NAME.
    """


@log.command(short_help="list the entries, not verified", epilog=example("attest log show log"))
@click.argument("directory", metavar="DIR", type=LOG)
def show(directory: Path) -> None:
    """List the entries of the log in DIR; nothing is verified here."""
    from attest.codec.printable import printable
    from attest.evidence.gist import gist_of_bytes
    from attest.tlog.entry import read_entry
    from attest.tlog.stores import SQLITE

    with closing(SQLITE.open_reader(directory)) as reader:
        gone = f" (those before {reader.first} in closed segments)" if reader.first else ""
        click.echo(f"log {reader.origin}, {reader.size} entries{gone}, not verified")
        for row in reader.rows(reader.first, reader.size):
            entry = read_entry(row.entry, where=f"entry {row.sequence}")
            told = f"{entry.sequence:8} {entry.time} {printable(entry.event):20} {gist_of_bytes(row.receipt)}"
            click.echo(told.rstrip())


@log.command(short_help="print the newest checkpoint, to keep elsewhere", epilog=example("attest log checkpoint log"))
@click.argument("directory", metavar="DIR", type=LOG)
def checkpoint(directory: Path) -> None:
    """Print the newest checkpoint of the log in DIR, to keep where nobody who can write to DIR can reach it."""
    from attest.errors import UnavailableError
    from attest.tlog.stores import SQLITE

    with closing(SQLITE.open_reader(directory)) as reader:
        note = reader.newest_checkpoint()
    if note is None:
        raise UnavailableError(str(directory), "a log with a checkpoint", "none yet", hint="attest agent makes one")
    click.echo(note.decode(), nl=False)


@log.command(short_help="whether it hangs together; exit 1 if not", epilog=example("attest log check log"))
@click.argument("directory", metavar="DIR", type=LOG)
def check(directory: Path) -> int:
    """Check that the log in DIR hangs together: entries, links, commitments, tree, checkpoints; exit 1 if not.

    Who signed what is not judged here: that is `attest verify` of a bundle.
    """
    from attest.tlog.check import check_structure
    from attest.tlog.stores import SQLITE

    with closing(SQLITE.open_reader(directory)) as reader:
        problems, size = check_structure(reader), reader.size
    for problem in problems:
        click.echo(str(problem))
    click.echo(f"{size} entries: " + (f"{len(problems)} problem(s)" if problems else "no problems"))
    return 1 if problems else 0


@log.command(
    short_help="draw the calls of a portal, as they come", epilog=example("attest log watch log --trust trust.json")
)
@click.argument("directory", metavar="DIR", type=LOG)
@trust_option
def watch(directory: Path, trust: Path) -> None:
    """Draw the calls of the portal that writes into DIR on this terminal, as they come, until q or Ctrl-C.

    Each receipt that is shown was signed by a trusted writer, for its place in the log; one that was not ends the view.
    What the log proves as a whole is attest verify's to say.
    """
    import msgspec

    from attest.agent.own_key import certified_beside
    from attest.cli.log_watch import NEWEST
    from attest.cli.log_watch import watch as draw
    from attest.portal.observing.following import Follower
    from attest.trust.role import Role
    from attest.trust.trust import load_trust

    now, trusted = time.time_ns() // 1_000_000, load_trust(trust)
    ring = trusted.ring(Role.WRITER, now)
    certified = tuple(each.key for each in certified_beside(directory, trusted, now))
    ring = msgspec.structs.replace(ring, keys=(*ring.keys, *certified))
    draw(Follower(directory, ring, newest=NEWEST), str(directory))


@log.command(
    short_help="move what it holds to a file that verifies by itself",
    epilog=example("attest log close log -o segment.jsonl.gz --trust trust.json"),
)
@click.argument("directory", metavar="DIR", type=LOG)
@click.option("-o", "segment", required=True, type=FILE, help="The new file; .gz and .zst are packed.")
@click.option(
    "--tier",
    type=click.Choice(["receipts", "full"]),
    default="receipts",
    show_default=True,
    help="full: with arguments and answers of calls, as far as they are kept; without them it can never show them.",
)
@trust_option
def close(directory: Path, segment: Path, tier: str, trust: Path) -> None:
    """Move what the log in DIR holds to a file that verifies by itself, so that the folder does not grow for ever.

    Its last run has to have ended with a stop. The file is verified before anything is taken out; the log goes on with
    the next start, and so does all that a portal counts. Prints the checkpoint between both, which attest verify
    --expect-checkpoint holds each of them to.
    """
    from attest.cli.progress import Progress
    from attest.cli.workers import spread_for
    from attest.evidence.grammar import Tier
    from attest.evidence.segment import close_log
    from attest.trust.trust import load_trust

    now = time.time_ns() // 1_000_000
    with spread_for([directory]) as spread, Progress() as progress:
        trusted, counted = load_trust(trust), progress.count
        note = close_log(directory, segment, trusted, at=now, counted=counted, spread=spread, tier=Tier(tier))
    click.echo(f"wrote {segment}", err=True)
    click.echo(note.decode(), nl=False)
