"""`attest trust`: make, show and check the file that says whom to believe for what."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from attest.cli.arguments import FILE, SECONDS, TIME, Verbs, example
from attest.cli.minima import minima_options
from attest.codec.printable import printable
from attest.statement.levels import Binding, Isolation, Origin

if TYPE_CHECKING:
    from attest.trust.document import SigstoreRoot, TrustFile
    from attest.trust.making import BuilderIdentity, BuilderKey

_DAY_SECONDS: Final = 86_400
_HOUR_SECONDS: Final = 3600
_MINIMA = [origin.value for origin in Origin if origin is not Origin.DERIVED]


@click.group(cls=Verbs)
def trust() -> None:
    """Make, show, check and refresh a trust file."""


@trust.command(
    short_help="write down whom to believe for what",
    epilog=example(
        "attest trust new trust.json --sealer sealer.key.pub --writer writer.key.pub",
        "attest trust new github.json --sigstore production --source https://github.com/OWNER/REPOSITORY"
        " --builder-identity https://github.com/OWNER/REPOSITORY/.github/workflows/release.yml"
        "@https://token.actions.githubusercontent.com@2",
    ),
)
@click.argument("out", type=FILE)
@click.option("--sealer", type=FILE, multiple=True, metavar="PUB", help="May sign references.")
@click.option("--writer", type=FILE, multiple=True, metavar="PUB", help="May sign receipts.")
@click.option(
    "--writer-identity",
    multiple=True,
    metavar="ID@ISSUER",
    help="A job of this identity may certify a writer key that it made for itself.",
)
@click.option(
    "--writer-key-hours",
    type=click.IntRange(1, 366 * 24),
    metavar="HOURS",
    help="How long such a key counts, from its attestation on; 24, unless given.",
)
@click.option("--builder", multiple=True, metavar="ID=PUB[@LEVEL]", help="May sign build evidence, up to a SLSA level.")
@click.option(
    "--builder-identity",
    multiple=True,
    metavar="ID@ISSUER[@LEVEL]",
    help="May sign build evidence with a certificate for this identity, up to a SLSA level.",
)
@click.option("--verifier", multiple=True, metavar="[ID=]PUB", help="May sign verdicts, as the verifier ID.")
@click.option(
    "--timestamp-authority",
    type=FILE,
    multiple=True,
    metavar="PEM",
    help="May say when a log's checkpoint existed (attest log anchor): its root, and what else of its chain is known.",
)
@click.option(
    "--sigstore",
    metavar="production|ROOT.json",
    help="Whose certificates and logs count: the public-good instance, or that of a trusted root file.",
)
@click.option("--max-root-age", type=click.IntRange(min=1), metavar="DAYS", help="Refuse an older Sigstore root.")
@click.option("--strict-statement", is_flag=True, help="Accept in-toto Statement v1 alone, and not v0.1.")
@click.option("--source", multiple=True, metavar="URI", help="A source repository that the builders may build.")
@click.option("--min-assurance", type=click.Choice(_MINIMA), help="The weakest origin that a file may have.")
@minima_options
@click.option("--require-bound", is_flag=True, help="Refuse evidence that names what is not installed.")
@click.option("--require-claimed", is_flag=True, help="Refuse files that no evidence answers for.")
@click.option(
    "--max-revocation-age",
    type=SECONDS,
    help="Demand a list of revocations (attest revoke --list) that is no older.",
)
@click.option(
    "--sealer-threshold",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="How many sealers have to sign, each with attest sign after the first.",
)
@click.option("--expires", type=TIME, help="When this file stops being good.")
def new(out: Path, **given: Any) -> None:  # noqa: ANN401  (click's options)
    """Write a trust file to OUT and print its digest."""
    from attest.codec.files import read_file, write_file
    from attest.codec.octets import sha256_hex
    from attest.errors import RefusedError
    from attest.signing.keyfiles import load_public
    from attest.trust.document import WRITER_KEY_SECONDS, Minima, SealRules, Thresholds
    from attest.trust.making import (
        VerifierKey,
        authority_of,
        make_trust,
        parse_identity_argument,
        parse_verifier_argument,
        write_trust,
    )

    builders = _builders(given["builder"], given["builder_identity"])
    if given["source"] and not builders:
        raise click.UsageError("--source: expected a --builder that it applies to, found none")
    hours = given["writer_key_hours"]
    if hours is not None and not given["writer_identity"]:
        raise click.UsageError("--writer-key-hours: expected a --writer-identity that it applies to, found none")
    if out.exists():
        raise RefusedError(str(out), "no file of that name", "one", hint="choose another name, or edit that file")
    minima = Minima(
        assurance=Origin(given["min_assurance"]) if given["min_assurance"] else None,
        binding=Binding(given["min_binding"]) if given["min_binding"] else None,
        isolation=Isolation(given["min_isolation"]) if given["min_isolation"] else None,
        revocation_age_seconds=given["max_revocation_age"],
    )
    octets = write_trust(
        make_trust(
            sealers=[load_public(path) for path in given["sealer"]],
            writers=[load_public(path) for path in given["writer"]],
            writer_identities=list(map(parse_identity_argument, given["writer_identity"])),
            writer_key_seconds=WRITER_KEY_SECONDS if hours is None else hours * _HOUR_SECONDS,
            verifiers=[
                VerifierKey(id=name, key=load_public(path))
                for name, path in map(parse_verifier_argument, given["verifier"])
            ],
            timestamp_authorities=[
                authority_of(read_file(path), where=str(path)) for path in given["timestamp_authority"]
            ],
            builders=builders,
            sources=given["source"],
            minima=minima,
            seal_rules=SealRules(require_bound=given["require_bound"], require_claimed=given["require_claimed"]),
            expires=given["expires"],
            sigstore=_sigstore(given["sigstore"], given["max_root_age"]),
            strict_statement=given["strict_statement"],
            thresholds=Thresholds(sealer=given["sealer_threshold"]),
        )
    )
    write_file(out, [octets])
    click.echo(f"sha256:{sha256_hex(octets)}")


def _builders(keys: Sequence[str], identities: Sequence[str]) -> list[BuilderKey | BuilderIdentity]:
    from attest.signing.keyfiles import load_public
    from attest.trust.making import BuilderKey, parse_builder_argument, parse_builder_identity_argument

    by_key = [
        BuilderKey(id=name, key=load_public(path), max_level=level)
        for name, path, level in map(parse_builder_argument, keys)
    ]
    return [*by_key, *map(parse_builder_identity_argument, identities)]


def _sigstore(given: str | None, max_age_days: int | None) -> SigstoreRoot | None:
    from attest.codec.files import read_file
    from attest.trust.document import SigstoreRoot
    from attest.trust.making import read_root

    max_age = None if max_age_days is None else max_age_days * _DAY_SECONDS
    if given is None:
        if max_age is not None:
            raise click.UsageError("--max-root-age: expected a --sigstore that it applies to, found none")
        return None
    if given == "production":
        return SigstoreRoot(name="production", max_age_seconds=max_age)
    from attest.provenance.sigstore.trusted_root import parse_trusted_root

    octets, now = read_file(Path(given)), time.time_ns() // 1_000_000
    parse_trusted_root(octets, where=given, dated=now)
    return read_root(octets, at=now, max_age_seconds=max_age, where=given)


@trust.command(short_help="whom a file trusts for what", epilog=example("attest trust show trust.json"))
@click.argument("file", type=FILE)
def show(file: Path) -> None:
    """Show whom FILE trusts for what."""
    from attest.trust.role import Role
    from attest.trust.trust import load_trust

    found = load_trust(file)
    _say(f"trust file sha256:{found.digest}")
    _say(f"version    {found.document.version}")
    _say(f"expires    {found.document.expires or 'never'}")
    for role in (Role.SEALER, Role.WRITER, Role.VERIFIER, Role.WITNESS):
        for dated in found.keys[role]:
            _say(f"{role.value:10} {dated.key.keyid} {dated.key.algorithm.name}")
    _show_writer_identities(found.document)
    for builder in found.builders:
        _say(f"builder    {builder.id} up to SLSA build level {builder.max_level}")
        for dated in found.builder_keys[builder.id]:
            _say(f"{'':10} {dated.key.keyid} {dated.key.algorithm.name}")
        for identity in builder.identities:
            _say(f"{'':10} certificate for {identity.identity} by {identity.issuer}")
        for source in builder.sources:
            _say(f"{'':10} source {source}")
    _show_roots(found.document)
    for name, least in (
        ("assurance", found.minima.assurance),
        ("binding", found.minima.binding),
        ("isolation", found.minima.isolation),
    ):
        _say(f"minimum    {name} {least or 'none'}")
    if found.minima.revocation_age_seconds is not None:
        _say(f"minimum    revocations no older than {found.minima.revocation_age_seconds} s")
    _say(f"seal rules {' and '.join(found.seal_rules.demands) or 'none'}")


def _show_writer_identities(document: TrustFile) -> None:
    for identity in document.writer_identities:
        _say(f"{'writer':10} any key that a job certifies: {identity.identity} by {identity.issuer}")
    if document.writer_identities:
        _say(f"{'':10} each for {document.writer_key_seconds} s from its attestation on")


def _show_roots(document: TrustFile) -> None:
    for authority in document.timestamp_authorities:
        _say(f"time stamp {authority.name}")
    if document.sigstore is not None:
        _say(f"sigstore   {document.sigstore.name}, root of {_root_time(document.sigstore)}")


def _root_time(root: SigstoreRoot) -> str:
    return root.updated_at or "this program's release"


@trust.command(short_help="what is wrong or odd with a file", epilog=example("attest trust check trust.json"))
@click.argument("file", type=FILE)
def check(file: Path) -> int:
    """Say what is wrong or odd with FILE; exit 1 if something cannot be verified with it."""
    from attest.trust.checking import Weight, find_remarks
    from attest.trust.trust import load_trust

    remarks = find_remarks(load_trust(file), time.time_ns() // 1_000_000)
    for remark in remarks:
        _say(f"{remark.weight.value:8} {remark.where}: {remark.text}")
    problems = sum(remark.weight is Weight.PROBLEM for remark in remarks)
    _say("no problems" if problems == 0 else f"{problems} problem(s)")
    return 1 if problems else 0


def _say(line: str) -> None:
    """Print a line of somebody's file: what stands in it must not drive a terminal."""
    click.echo(printable(line))


@trust.command(
    short_help="renew the root of Sigstore, and npm's keys, in a file",
    epilog=example("attest trust refresh trust.json"),
)
@click.argument("file", type=FILE)
def refresh(file: Path) -> None:
    """Renew the root of the public-good Sigstore instance in FILE, and npm's keys; print the new digest.

    Uses the network (TUF); nothing else about FILE changes but its version.
    """
    import msgspec

    from attest.codec.files import write_file
    from attest.codec.octets import sha256_hex
    from attest.errors import RefusedError
    from attest.provenance.sigstore.refreshing import fetch_production
    from attest.trust.making import write_trust
    from attest.trust.trust import load_trust

    document = load_trust(file).document
    known = document.sigstore
    if known is None or known.name != "production":
        found = "none" if known is None else "a custom one"
        hint = "a custom root is renewed by whoever publishes it; give the new file to attest trust new"
        raise RefusedError(f"{file}: sigstore", "the public-good instance", found, hint=hint)
    fresh = fetch_production(known, at=time.time_ns() // 1_000_000)
    octets = write_trust(msgspec.structs.replace(document, version=document.version + 1, sigstore=fresh))
    write_file(file, [octets])
    click.echo(f"sha256:{sha256_hex(octets)}")
    click.echo(f"root of {fresh.updated_at}, version {document.version + 1} of the trust file", err=True)
