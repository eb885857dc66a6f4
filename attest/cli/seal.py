"""`attest seal`: from verified evidence, archives and an installed tree to a signed RuntimeReference."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from attest.cli.arguments import FILE, NAME_VALUE, SECONDS, TIME, WithCommand, command_of, example, unique
from attest.cli.demands import demands, expectations_of
from attest.cli.home import REFERENCE, is_initialised, reference_path, sealer_option, trust_option
from attest.cli.minima import minima_options
from attest.cli.process_options import process_options, process_rules_of
from attest.seal.request import Rules, SealRequest, name_trees
from attest.statement.enforcing import Action
from attest.statement.levels import Binding, Isolation


@click.command(
    cls=WithCommand,
    epilog=example(
        "attest seal server --trust trust.json --key sealer.key --allow-site '*' -o server.ref -- server/run.sh",
        "attest seal --runtime-of /bin/sh --trust trust.json --key sealer.key -o sh.ref",
        "attest seal --upstream https://far.example/ --tools far.toml --trust trust.json --key sealer.key -o far.ref",
    ),
)
@click.argument("tree", type=FILE, nargs=-1)
@trust_option
@sealer_option
@click.option(
    "-o",
    "out",
    type=FILE,
    help="Where to write the reference; its manifest goes beside it. After attest init, by default that of --name.",
)
@click.option("--root", type=NAME_VALUE, multiple=True, metavar="NAME=PATH", help="A TREE, and what to call it.")
@click.option("--name", metavar="NAME", help="The server's name, where the archives do not tell it.")
@click.option(
    "--artifact",
    type=FILE,
    multiple=True,
    help="What was installed: a wheel, an npm tarball, an MCP bundle, a zipapp, a .deb, an OCI layout (one image of "
    "several: PATH@sha256:DIGEST, PATH@OS/ARCHITECTURE or PATH@NAME), a program.",
)
@click.option(
    "--provenance",
    type=FILE,
    multiple=True,
    help="Build evidence of an artifact, in any container; in-toto layouts and links.",
)
@click.option("--sbom", type=FILE, multiple=True, help="An SBOM, bare or signed.")
@click.option("--lock", type=FILE, multiple=True, help="A lock file: npm, pnpm, hashed requirements, uv, pylock.toml.")
@click.option(
    "--evidence",
    type=FILE,
    multiple=True,
    metavar="DIR",
    help="A directory of archives and build evidence; one for each TREE, or for all of them.",
)
@click.option("--runtime-of", type=FILE, metavar="PROGRAM", help="Seal an interpreter and what belongs to it, instead.")
@click.option("--upstream", metavar="URL", help="Seal a server that nobody can measure, by its key and tools, instead.")
@click.option("--runtime", type=REFERENCE, metavar="REF", help="The sealed runtime that the server runs on.")
@demands
@click.option("--allow-site", multiple=True, metavar="GLOB", help="Approve files without evidence; * crosses /.")
@click.option("--tools", type=FILE, help="What callers may do, tools.toml: see attest tools.")
@click.option("--mutable", type=FILE, multiple=True, help="A directory that may change and holds no code.")
@process_options
@click.option("--cycle", type=SECONDS, default=10, show_default=True, help="Time between measurements.")
@click.option("--max-gap", type=SECONDS, default=30, show_default=True, help="The longest time between two.")
@click.option("--max-age", type=SECONDS, default=60, show_default=True, help="Age at which a match is stale.")
@click.option("--window", type=click.IntRange(2, 10_000), metavar="N", help="Sign clean cycles N at a time.")
@click.option("--scrub", type=SECONDS, help="Allow a stat cache; every file is read within so long.")
@click.option("--ttl", type=SECONDS, help="How long a session may last.")
@click.option("--not-before", type=TIME, help="From when the reference is valid; now, unless given.")
@click.option("--not-after", type=TIME, help="Until when the reference is valid; without end, unless given.")
@click.option(
    "--parameter",
    multiple=True,
    metavar="WORD",
    help="A word of COMMAND, behind what says which code is started, in whose place any other may stand: a secret, or "
    "what only the starter knows. WORD itself is sealed as a label.",
)
@click.option("--supersedes", type=REFERENCE, multiple=True, help="A reference that this one replaces.")
@click.option("--accept-downgrade", metavar="REASON", help="Why less evidence than before is right; recorded.")
@click.option(
    "--on-drift",
    type=click.Choice([action.value for action in Action if action is not Action.HOOK]),
    default="alert",
    show_default=True,
    help="What the agent does on drift.",
)
@minima_options
@click.option(
    "--hook",
    metavar="'PROGRAM ARG...'",
    help="A program to run on drift, after the action: quoted as in a shell, sealed with its digest.",
)
@click.option(
    "--breaker",
    metavar="N/SECONDS",
    help="After N actions within so long only the safe state is left, until a new reference is sealed; 3/600, unless "
    "given, where anything is done on drift.",
)
@click.option("--audit-only", is_flag=True, help="Record what would be done on drift, and do nothing.")
@click.option("--writer", type=FILE, multiple=True, metavar="PUB", help="Let only these writers' receipts count.")
@click.option(
    "--writer-identity",
    multiple=True,
    metavar="ID@ISSUER",
    help="And those of keys that a job of this identity certifies; with neither, all that the trust file names.",
)
@click.option(
    "--deriver", type=FILE, multiple=True, metavar="PUB", help="A sealer that may attest derive from it, as you may."
)
@click.pass_context
def seal(context: click.Context, /, tree: tuple[Path, ...], **given: Any) -> None:  # noqa: ANN401  (click's options)
    """Seal what is installed in TREE and started by COMMAND; or, with --runtime-of, an interpreter.

    With --upstream, a server is sealed of which there is no file here: who it is and how it describes its tools, as
    attest tools record --upstream learned it.

    Every file says how its digest is known: built, listed, locked, derived or site. Prints the reference's digest.
    COMMAND may be npx, uvx, uv run, node or python -m: sealed is what that will start, and nothing is run.
    """
    from attest.cli.cosigners import tell_missing
    from attest.cli.output import STANDARD
    from attest.cli.progress import Progress
    from attest.cli.replacing import check_replaceable, of_types
    from attest.cli.sealed_summary import summarize
    from attest.seal.seal import seal as run
    from attest.seal.writing import write_sealed
    from attest.signing.dsse import read_envelope
    from attest.signing.keyfiles import load_private
    from attest.statement.predicates.runtime_reference import PREDICATE_TYPE
    from attest.trust.trust import load_trust

    out = _out(given["out"], given["name"])
    if not tree and given["runtime_of"] is None and given["upstream"] is None:
        raise click.UsageError(
            "expected a TREE, --runtime-of PROGRAM or --upstream URL, found none: attest scan says what a server loads"
        )
    if out == STANDARD:
        raise click.UsageError("-o: expected a file, since the manifest goes beside it, found -")
    check_replaceable(out, "a RuntimeReference", of_types(PREDICATE_TYPE))
    request = _request(tree, command_of(context), given)
    trust, now = load_trust(given["trust"]), time.time_ns() // 1_000_000
    with Progress() as progress:
        sealed = run(request, trust, lambda: load_private(given["key"]), at=now, tell=progress.tell)
    write_sealed(out, sealed)
    click.echo(f"sha256:{sealed.digest}")
    click.echo(summarize(sealed.reference, command_of(context)), err=True)
    tell_missing(out, read_envelope(sealed.envelope, where="reference"), trust)


def _out(out: Path | None, name: str | None) -> Path:
    if out is not None:
        return out
    if not is_initialised():
        raise click.UsageError("Missing option '-o'.")
    if name is None:
        raise click.UsageError("expected -o REF, or --name NAME for the place of its reference, found neither")
    return reference_path(name)


def _parameters(command: tuple[str, ...], labels: tuple[str, ...]) -> tuple[int, ...]:
    missing = [label for label in labels if label not in command]
    if missing:
        raise click.UsageError(f"--parameter: expected a word of COMMAND, found {missing[0]!r}")
    return tuple(at for at, word in enumerate(command) if word in labels)


def _request(tree: tuple[Path, ...], command: tuple[str, ...], given: Mapping[str, Any]) -> SealRequest:
    from attest.seal.folder import sort_folders
    from attest.seal.reacting import read_breaker, read_hook
    from attest.seal.tools.reading import read_tools
    from attest.trust.making import parse_identity_argument

    archives, pieces = sort_folders(given["evidence"])
    return SealRequest(
        program=given["runtime_of"],
        upstream=given["upstream"],
        runtime=given["runtime"],
        trees=name_trees(tree, {name: Path(path) for name, path in unique(given["root"], "--root").items()}),
        artifacts=(*given["artifact"], *archives),
        evidence=(*given["provenance"], *given["sbom"], *given["lock"], *pieces),
        expectations=expectations_of(given),
        allow_site=given["allow_site"],
        mutable=given["mutable"],
        name=given["name"],
        command=command,
        parameters=_parameters(command, given["parameter"]),
        supersedes=given["supersedes"],
        accept_downgrade=given["accept_downgrade"],
        writers=given["writer"],
        writer_identities=tuple(map(parse_identity_argument, given["writer_identity"])),
        derivers=given["deriver"],
        process=process_rules_of(given),
        tools=read_tools(given["tools"]) if given["tools"] is not None else None,
        rules=Rules(
            cycle=given["cycle"],
            max_gap=given["max_gap"],
            max_age=given["max_age"],
            window=given["window"],
            scrub=given["scrub"],
            ttl=given["ttl"],
            min_binding=Binding(given["min_binding"]) if given["min_binding"] else None,
            min_isolation=Isolation(given["min_isolation"]) if given["min_isolation"] else None,
            on_drift=Action(given["on_drift"]),
            audit_only=given["audit_only"],
            hook=read_hook(given["hook"]) if given["hook"] is not None else None,
            breaker=read_breaker(given["breaker"]) if given["breaker"] is not None else None,
            not_before=given["not_before"],
            not_after=given["not_after"],
        ),
    )
