"""`attest revoke`: say that a reference or a key is void, or list everything that is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attest.cli.arguments import FILE, TIME, example
from attest.cli.home import defaulted, sealer_key

if TYPE_CHECKING:
    from attest.signing.keys import PrivateKey
    from attest.statement.predicates.runtime_revocation import Revocation, Revoked
    from attest.trust.trust import Trust

_PEM = b"-----BEGIN "
_REASON = "revoked by a sealer"


@click.command(
    epilog=example(
        "attest revoke server.ref --key sealer.key -o server.revoked --reason 'found changed'",
        "attest revoke --list --known server.revoked --trust trust.json --key sealer.key -o revocations.jsonl",
    )
)
@click.argument("what", metavar="[REF|PUB]", required=False)
@defaulted("--key", sealer_key, "A sealer's private key; or the key itself, about itself alone.")
@click.option("-o", "out", required=True, type=FILE, help="Where to write the revocation, one line of JSON.")
@click.option("--from", "void_from", type=TIME, help="From when on it is void, instead of now.")
@click.option("--reason", metavar="TEXT", help="Why, for people; one line.")
@click.option("--list", "listing", is_flag=True, help="Sign that this is everything that is void, as of now.")
@click.option("--known", type=FILE, multiple=True, metavar="FILE", help="With --list: revocations to put into it.")
@click.option("--trust", type=FILE, help="The trust file: refuses a key that is no sealer's; needed for --known.")
def revoke(what: str | None, **given: Any) -> None:  # noqa: ANN401  (click's options)
    """Sign that the reference REF (or sha256:HEX), or the key PUB, is void from now on.

    What is revoked takes effect where the file is given to --revocations. To show besides that nothing else was
    revoked, sign a list of everything, again and again: trust files can demand a young one.
    """
    from attest.cli.cosigners import tell_missing
    from attest.cli.output import STANDARD, write_binary
    from attest.codec.files import write_file
    from attest.errors import RefusedError
    from attest.signing.dsse import encode_envelope
    from attest.signing.keyfiles import load_private
    from attest.trust.revoking import sign_known, sign_revocation
    from attest.trust.trust import load_trust

    _check_usage(what, given)
    out: Path = given["out"]
    if out != STANDARD and out.exists() and out not in given["known"]:
        hint = "choose another name: a revocation that is lost is one that never was"
        raise RefusedError(str(out), "no file of that name, or one of --known", "one", hint=hint)
    key = load_private(given["key"])
    trust = None if given["trust"] is None else load_trust(given["trust"])
    now = time.time_ns() // 1_000_000
    if trust is not None:
        _check_key(key, trust, now, str(given["key"]), of_itself=what if not given["listing"] else None)
    own = None if what is None else _revocation(what, given["void_from"], given["reason"], now)
    if own is None or given["listing"]:
        more = () if own is None else (own,)
        envelope = sign_known((*more, *_known(given["known"], trust)), key, at=now)
    else:
        envelope = sign_revocation(own, key, at=now)
    line = encode_envelope(envelope) + b"\n"
    if out == STANDARD:
        write_binary([line])
    else:
        write_file(out, [line])
        unknown = "" if trust is not None else "; whether the key is a sealer's is not checked without --trust"
        click.echo(f"wrote {out}: it takes effect where it is given to --revocations{unknown}", err=True)
    if trust is not None and not _is_own(key, what):
        tell_missing(out, envelope, trust)


def _check_usage(what: str | None, given: dict[str, Any]) -> None:
    if what is None and not given["listing"]:
        raise click.UsageError("expected REF, PUB or --list, found none of them")
    if given["known"] and not (given["listing"] and given["trust"] is not None):
        raise click.UsageError("--known: expected --list and --trust with it, found one of them at most")
    if what is None and (given["void_from"] is not None or given["reason"] is not None):
        raise click.UsageError("--from, --reason: expected a REF or PUB that they are about, found none")


def _check_key(key: PrivateKey, trust: Trust, at: int, where: str, *, of_itself: str | None) -> None:
    """Refuse to sign what nobody with this trust file would take for a revocation."""
    from attest.errors import UntrustedError
    from attest.trust.role import Role

    if trust.ring(Role.SEALER, at).find(key.keyid) is not None:
        return
    if _is_own(key, of_itself):
        return
    raise UntrustedError(where, "a sealer of the trust file", key.keyid, hint="another key may only revoke itself")


def _is_own(key: PrivateKey, what: str | None) -> bool:
    return what is not None and _target(what)[1] == key.keyid


def _revocation(what: str, void_from: int | None, reason: str | None, now: int) -> Revocation:
    from attest.trust.revoking import make_revocation

    kind, digest = _target(what)
    return make_revocation(kind, digest, void_from=now if void_from is None else void_from, reason=reason or _REASON)


def _target(what: str) -> tuple[Revoked, str]:
    """Return what is meant: a key by its public file, a reference by its file or digest."""
    from attest.cli.expected import reference_digest
    from attest.codec.files import read_file
    from attest.errors import MalformedError
    from attest.signing.dsse import read_envelope
    from attest.signing.keyfiles import load_public
    from attest.statement.predicates.runtime_reference import PREDICATE_TYPE
    from attest.statement.predicates.runtime_revocation import Revoked
    from attest.statement.statement import predicate_type_of

    if what.startswith("sha256:"):
        return Revoked.REFERENCE, reference_digest(what)
    octets = read_file(Path(what))
    if octets.startswith(_PEM):
        return Revoked.KEY, load_public(Path(what)).keyid
    claimed = predicate_type_of(read_envelope(octets, where=what), where=what)
    if claimed != PREDICATE_TYPE:
        raise MalformedError(what, "a RuntimeReference or a public key", ascii(claimed[:80]))
    return Revoked.REFERENCE, reference_digest(what)


def _known(files: tuple[Path, ...], trust: Trust | None) -> tuple[Revocation, ...]:
    from attest.trust.revocations import load_revocations

    return () if trust is None else load_revocations(files, trust).all
