"""`attest log`: show, check and watch a log, take its head to keep elsewhere, prove what is in it, and since when."""

from __future__ import annotations

import re
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
    from attest.codec import instant
    from attest.codec.printable import printable
    from attest.evidence.gist import gist_of_bytes
    from attest.tlog.anchors.anchor import kept_anchors
    from attest.tlog.anchors.checking import claimed_at
    from attest.tlog.documents import Documents
    from attest.tlog.entry import read_entry
    from attest.tlog.stores import SQLITE

    with closing(SQLITE.open_reader(directory)) as reader:
        gone = f" (those before {reader.first} in closed segments)" if reader.first else ""
        click.echo(f"log {printable(reader.origin)}, {reader.size} entries{gone}, not verified")
        for row in reader.rows(reader.first, reader.size):
            entry = read_entry(row.entry, where=f"entry {row.sequence}")
            told = f"{entry.sequence:8} {entry.time} {printable(entry.event):20} {gist_of_bytes(row.receipt)}"
            click.echo(told.rstrip())
    for size, anchor in kept_anchors(Documents(directory)):
        at = instant.text(claimed_at(anchor, f"anchor over {size} entries"))
        click.echo(f"{'anchor':>8} {at} {anchor.method:20} over {size} entries")


@log.command(short_help="print the newest checkpoint, to keep elsewhere", epilog=example("attest log checkpoint log"))
@click.argument("directory", metavar="DIR", type=LOG)
def checkpoint(directory: Path) -> None:
    """Print the newest checkpoint of the log in DIR, to keep where nobody who can write to DIR can reach it."""
    from attest.errors import MalformedError, UnavailableError
    from attest.tlog.checkpoint import read_checkpoint_unverified
    from attest.tlog.stores import SQLITE

    with closing(SQLITE.open_reader(directory)) as reader:
        note = reader.newest_checkpoint()
    if note is None:
        raise UnavailableError(str(directory), "a log with a checkpoint", "none yet", hint="attest agent makes one")
    where = f"{directory}: checkpoint"
    read_checkpoint_unverified(note, where=where)
    text = note.decode()
    if not all(line.isprintable() for line in text.split("\n")):
        # It is printed as it is, and the folder may be anybody's.
        raise MalformedError(where, "names without unprintable characters", "others")
    click.echo(text, nl=False)


@log.command(
    short_help="a receipt's place in it, to show to others",
    epilog=example(
        "attest log prove log --sequence 1 -o receipt.tlog-proof",
        "attest show receipt.tlog-proof",
    ),
)
@click.argument("directory", metavar="DIR", type=LOG)
@click.option("--sequence", type=click.IntRange(min=0), metavar="N", help="Which receipt: the entry's number.")
@click.option("--digest", metavar="sha256:HEX", help="Which receipt: the SHA-256 of its envelope.")
@click.option("--receipt", type=FILE, help="Which receipt: the file that it is in.")
@click.option("--since", type=FILE, metavar="CHECKPOINT", help="Prove, too, that the log goes on from this checkpoint.")
@click.option("-o", "out", type=FILE, default="-", help="Where to write, a name that ends in .tlog-proof; else stdout.")
def prove(
    directory: Path, sequence: int | None, digest: str | None, receipt: Path | None, since: Path | None, out: Path
) -> None:
    """Prove that one receipt stands in the log in DIR, under its newest checkpoint: a C2SP tlog-proof.

    The file holds the receipt, its entry, the proof and the checkpoint. attest verify needs nothing else to say who
    signed the receipt, and where in the log it stands. Nothing else of the log is in it.
    """
    from attest.cli.output import STANDARD, write_out
    from attest.cli.replacing import begins_with, check_replaceable
    from attest.codec.files import read_file
    from attest.evidence.proving import find_receipt, prove
    from attest.tlog.checkpoint import read_checkpoint_unverified
    from attest.tlog.documents import Documents
    from attest.tlog.proof import PROOF_HEADER
    from attest.tlog.stores import SQLITE

    if sum(each is not None for each in (sequence, digest, receipt)) != 1:
        raise click.UsageError("expected one of --sequence, --digest and --receipt, to say which receipt")
    check_replaceable(out, "a proof", begins_with(PROOF_HEADER.encode()))
    wanted = _digest_of(receipt) if receipt is not None else digest
    pinned = read_checkpoint_unverified(read_file(since), where=str(since)) if since is not None else None
    with closing(SQLITE.open_reader(directory)) as reader:
        place = sequence if wanted is None else find_receipt(reader, _typed(wanted))
        octets = prove(reader, Documents(directory), place or 0, since=pinned)
    write_out(out, [octets])
    if out != STANDARD:
        click.echo(f"wrote {out}", err=True)


def _typed(digest: str) -> str:
    found = re.fullmatch("sha256:([0-9a-f]{64})", digest)
    if found is None:
        raise click.UsageError(f"--digest: expected sha256: and 64 hexadecimal digits, found {digest!r}")
    return found[1]


def _digest_of(receipt: Path) -> str:
    """Return the digest of a receipt as a log holds it, without the line feed that a file may end in."""
    from attest.codec.files import read_file
    from attest.codec.octets import sha256_hex
    from attest.signing.dsse import encode_envelope, read_envelope

    return f"sha256:{sha256_hex(encode_envelope(read_envelope(read_file(receipt), where=str(receipt))))}"


@log.command(
    short_help="have its head time-stamped by somebody else",
    epilog=example("attest log anchor log --tsa https://tsa.example.org --trust trust.json"),
)
@click.argument("directory", metavar="DIR", type=LOG)
@click.option("--tsa", required=True, metavar="URL", help="The time stamping authority to ask (RFC 3161).")
@trust_option
def anchor(directory: Path, tsa: str, trust: Path) -> None:
    """Have the newest checkpoint of the log in DIR time-stamped, and keep the time stamp beside the log.

    What the log held is then proven to have existed by that time, whatever becomes of the writer's key. The authority
    gets a digest, and nothing else. Its certificates stand in the trust file; what they do not verify is not kept.
    """
    from attest.codec import instant
    from attest.codec.printable import printable
    from attest.fetch.anchoring import anchor_log
    from attest.trust.trust import load_trust

    found = anchor_log(directory, tsa, load_trust(trust), now=lambda: time.time_ns() // 1_000_000)
    told = f"{found.checkpoint.size} entries existed by {instant.text(found.stamp.at)}"
    click.echo(f"{told}, says {printable(found.stamp.authority)}")


@log.command(short_help="whether it hangs together; exit 1 if not", epilog=example("attest log check log"))
@click.argument("directory", metavar="DIR", type=LOG)
def check(directory: Path) -> int:
    """Check that the log in DIR hangs together: entries, links, commitments, tree, checkpoints, anchors; exit 1 if not.

    Who signed what is not judged here: that is `attest verify` of a bundle.
    """
    from attest.codec.printable import printable
    from attest.tlog.anchors.checking import check_anchors
    from attest.tlog.check import check_structure
    from attest.tlog.documents import Documents
    from attest.tlog.stores import SQLITE

    with closing(SQLITE.open_reader(directory)) as reader:
        problems, size = (*check_structure(reader), *check_anchors(reader, Documents(directory))), reader.size
    for problem in problems:
        click.echo(printable(str(problem)))
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
