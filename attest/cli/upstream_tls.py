"""The files that connections to a server over TLS need, as flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from attest.cli.arguments import FILE

if TYPE_CHECKING:
    from attest.measure.upstreams.tls_files import TlsFiles

F = TypeVar("F", bound=Callable[..., Any])

UPSTREAM_TLS: Final = ("upstream_ca", "upstream_certificate", "upstream_key")
"""Their parameters."""


def upstream_tls_options(function: F) -> F:
    """Add the flags to a verb."""
    options = (
        click.option("--upstream-ca", type=FILE, help="Who vouches for the server's certificate, PEM."),
        click.option("--upstream-certificate", type=FILE, help="What is shown to a server that asks who we are, PEM."),
        click.option("--upstream-key", type=FILE, help="The key of --upstream-certificate, PEM."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def upstream_files(given: Mapping[str, Any]) -> TlsFiles:
    """Return the files that were given."""
    from attest.measure.upstreams.tls_files import TlsFiles

    if given["upstream_key"] is not None and given["upstream_certificate"] is None:
        raise click.UsageError("--upstream-key needs --upstream-certificate.")
    return TlsFiles(
        authorities=given["upstream_ca"], certificate=given["upstream_certificate"], key=given["upstream_key"]
    )
