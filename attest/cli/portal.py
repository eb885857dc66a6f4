"""`attest portal`: stand between a client and its server, start and measure it, and check every call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from attest.cli.agent_log import Voice
from attest.cli.arguments import FILE, WithCommand, command_of, example
from attest.cli.home import REFERENCE
from attest.cli.launching import launch_options, launch_request
from attest.cli.portal_watching import Sparing, portal_voice, watching, watching_calls, watching_options
from attest.cli.upstream_tls import UPSTREAM_TLS, upstream_files, upstream_tls_options

if TYPE_CHECKING:
    from attest.portal.observing.observed import Observe
    from attest.portal.web.behind import Behind
    from attest.statement.predicates.runtime_reference import RuntimeReference

_OF_HTTP: Final = (
    "agent_log", "listen", "callers", "names", "tls_certificate", "tls_key", "client_ca", *UPSTREAM_TLS
)  # fmt: skip
_MAX_PORT: Final = 65535


@click.command(
    cls=WithCommand, epilog=example("attest portal server.ref --trust trust.json --key writer.key --log log")
)
@click.argument("ref", type=REFERENCE)
@launch_options
@click.option("--upstream", metavar="URL", help="Where the server listens, for one that speaks HTTP.")
@click.option("--agent-log", type=FILE, help="Follow the log of the agent that measures a running server; start none.")
@click.option("--listen", metavar="HOST:PORT", help="Where clients find the portal; with --upstream. [127.0.0.1:8080]")
@click.option("--callers", type=FILE, help="Tokens and issuers by which callers over HTTP are known.")
@click.option("--name", "names", multiple=True, metavar="NAME", help="A further name that clients know the portal by.")
@click.option("--tls-certificate", type=FILE, help="The portal's own certificate and those above it, PEM.")
@click.option("--tls-key", type=FILE, help="The key of --tls-certificate, PEM.")
@click.option("--client-ca", type=FILE, help="Who vouches for client certificates, PEM.")
@upstream_tls_options
@watching_options
@click.option("--receipts", is_flag=True, help="Name the receipt of its permit in the _meta of each result.")
@click.pass_context
def portal(context: click.Context, /, ref: Path, **given: Any) -> int:  # noqa: ANN401  (click's options)
    """Start the server of REF as attest run does, and check every request of its client by the sealed rules.

    Speaks MCP on standard input and output, in the client's revision; with --upstream over HTTP. What is allowed
    passes byte for byte; each decision is a receipt in the log before anything is forwarded, and each outcome one
    after. A socket in the file system is http+unix://%2Fpath%2Fto.sock/mcp. With --agent-log the server runs already,
    and attest agent --pid measures it: nothing is permitted unless that log says that it matches. One that was sealed
    with attest seal --upstream runs elsewhere: nothing is permitted unless its sealed key answers there, with the
    sealed tools. What attest has to say goes to standard error. Exits with the server's code, or 1 if anything did not
    match.
    """
    voice = portal_voice(given)
    if given["upstream"] is None:
        return _over_stdio(context, ref, given, voice)
    return _over_http(context, ref, given, voice)


def _over_stdio(context: click.Context, ref: Path, given: dict[str, Any], voice: Voice) -> int:
    from attest.agent.launching.launch import open_launch
    from attest.agent.launching.streams import open_streams
    from attest.portal.portal import Portal, stand_between

    for name in _OF_HTTP:
        if given[name]:
            raise click.UsageError(f"--{name.replace('_', '-').removesuffix('s')} needs --upstream.")
    with (
        open_streams() as streams,
        open_launch(
            launch_request(ref, given), command_of(context), voice.report, user=given["user"], streams=streams
        ) as launch,
        watching(launch, voice, given) as observe,
    ):
        launch.run.tell = voice.tell
        _tell_rules(launch.server.reference, voice)
        portal = Portal(
            launch=launch,
            streams=streams,
            say=Sparing(voice.tell),
            tells_receipts=given["receipts"],
            observe=observe,
        )
        return stand_between(portal)


def _over_http(context: click.Context, ref: Path, given: dict[str, Any], voice: Voice) -> int:
    from attest.portal.needing import need_web

    need_web()
    from attest.portal.web.listening import Listening
    from attest.portal.web.portal import WebPortal, stand_before, upstream_of

    host, port = _place(given["listen"] or "127.0.0.1:8080")
    listening = Listening(
        host=host,
        port=port,
        certificate=given["tls_certificate"],
        key=given["tls_key"],
        client_authorities=given["client_ca"],
        names=given["names"],
    )
    with _behind(context, ref, given, voice) as (behind, observe):
        _tell_rules(behind.server.reference, voice)
        web = WebPortal(
            behind=behind,
            upstream=upstream_of(behind.server.reference.tools, given["upstream"]),
            listening=listening,
            callers=given["callers"],
            tells_receipts=given["receipts"],
            files=upstream_files(given),
            say=Sparing(voice.tell),
            observe=observe,
        )
        return stand_before(web)


def _behind(
    context: click.Context, ref: Path, given: dict[str, Any], voice: Voice
) -> AbstractContextManager[tuple[Behind, Observe | None]]:
    from attest.agent.starting import only_server, open_references

    if given["agent_log"] is not None:
        return _followed(context, ref, given, voice)
    if only_server(open_references(launch_request(ref, given))).reference.is_remote:
        return _remote(context, ref, given, voice)
    return _launched(context, ref, given, voice)


@contextmanager
def _launched(
    context: click.Context, ref: Path, given: dict[str, Any], voice: Voice
) -> Iterator[tuple[Behind, Observe | None]]:
    from attest.agent.launching.launch import open_launch
    from attest.measure.upstreams.local_sockets import socket_path
    from attest.portal.web.launched import Launched

    request = launch_request(ref, given)
    with (
        open_launch(
            request, command_of(context), voice.report, user=given["user"], socket=socket_path(given["upstream"])
        ) as launch,
        watching(launch, voice, given) as observe,
    ):
        launch.run.tell = voice.tell
        yield Launched(launch, given["upstream"]), observe


@contextmanager
def _followed(
    context: click.Context, ref: Path, given: dict[str, Any], voice: Voice
) -> Iterator[tuple[Behind, Observe | None]]:
    from attest.portal.following.following import open_following

    for name, value in (("COMMAND", command_of(context)), ("--user", given["user"]), ("--cycle", given["cycle"])):
        if value:
            raise click.UsageError(f"{name} is for a server that is started, which one of --agent-log is not.")
    request = launch_request(ref, given)
    with (
        open_following(request, given["agent_log"], given["upstream"], voice.tell) as following,
        watching_calls(following, voice, given) as observe,
    ):
        yield following, observe


@contextmanager
def _remote(
    context: click.Context, ref: Path, given: dict[str, Any], voice: Voice
) -> Iterator[tuple[Behind, Observe | None]]:
    from attest.portal.remote.remote import open_remote

    for name, value in (("COMMAND", command_of(context)), ("--user", given["user"])):
        if value:
            raise click.UsageError(f"{name} is for a server that is started, which one without files is not.")
    request = launch_request(ref, given)
    with (
        open_remote(request, given["upstream"], upstream_files(given), voice.report) as remote,
        watching(remote, voice, given) as observe,
    ):
        remote.run.tell = voice.tell
        voice.tell("nobody can measure this server: its key and its tools are checked, and no file of it (remote)")
        yield remote, observe


def _tell_rules(reference: RuntimeReference, voice: Voice) -> None:
    if reference.tools is None:
        audit_only = reference.enforcement.audit_only
        effect = "every call passes, and is recorded as one to refuse" if audit_only else "no call is permitted"
        voice.tell(f"the reference has no tool rules, so {effect}: see attest tools, attest update --tools")


def _place(written: str) -> tuple[str, int]:
    host, _, port = written.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > _MAX_PORT:
        raise click.UsageError("--listen takes HOST:PORT.")
    return host.removeprefix("[").removesuffix("]"), int(port)
