"""`attest sign`: add a sealer's signature where the trust file demands more than one."""

from __future__ import annotations

import time
from pathlib import Path

import click

from attest.cli.arguments import FILE, example
from attest.cli.home import sealer_option, trust_option


@click.command(epilog=example("attest sign server.ref --trust two-sealers.json --key second.key -o signed.ref"))
@click.argument("file", type=FILE)
@trust_option
@sealer_option
@click.option("-o", "out", type=FILE, help="Where to write it, instead of FILE itself.")
def sign(file: Path, trust: Path, key: Path, out: Path | None) -> None:
    """Sign what another sealer signed, a RuntimeReference or a revocation, with a further key.

    For trust files that demand several sealers: each signs the same bytes, so that the digest stays what it is. Look at
    it first, with attest show and attest diff. Prints the digest.
    """
    from attest.cli.cosigners import tell_missing
    from attest.cli.replacing import check_replaceable, of_types
    from attest.codec.files import read_file, write_file
    from attest.signing.dsse import encode_envelope, read_envelope
    from attest.signing.keyfiles import load_private
    from attest.statement.predicates import runtime_reference, runtime_revocation
    from attest.statement.statement import payload_digest
    from attest.trust.cosigning import cosign
    from attest.trust.trust import check_current, load_trust

    if out is not None:
        check_replaceable(
            out, "a signed one", of_types(runtime_reference.PREDICATE_TYPE, runtime_revocation.PREDICATE_TYPE)
        )
    trusted, now = load_trust(trust), time.time_ns() // 1_000_000
    check_current(trusted, now)
    envelope = read_envelope(read_file(file), where=str(file))
    signed = cosign(envelope, load_private(key), trusted, at=now, where=str(file))
    write_file(out or file, [encode_envelope(signed), b"\n"])
    click.echo(f"sha256:{payload_digest(signed, where=str(file))}")
    tell_missing(out or file, signed, trusted)
