"""The flags that say what build evidence has to say, alike for `verify` and `seal`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from attest.cli.arguments import FILE

if TYPE_CHECKING:
    from attest.provenance.model import Expectations
    from attest.signing.keyring import VerifyingKey

F = TypeVar("F", bound=Callable[..., Any])

_COMMIT: Final = r"gitCommit:(?P<commit>[0-9a-f]{40}|[0-9a-f]{64})"

_OPTIONS: Final = (
    click.option(
        "--public-key",
        type=FILE,
        multiple=True,
        metavar="PUB",
        help="A key that may have signed it, RSA and P-384 too.",
    ),
    click.option("--cert-identity", metavar="ID", help="Whom the signing certificate has to be for."),
    click.option("--cert-oidc-issuer", metavar="URL", help="Who has to have vouched for that identity."),
    click.option("--source-uri", metavar="URI", help="The source repository that provenance has to name."),
    click.option("--source-tag", metavar="TAG", help="The tag that it has to be built from."),
    click.option("--source-versioned-tag", metavar="VERSION", help="The same, begun: v1.2 is any v1.2.x."),
    click.option("--source-ref", metavar="REF", help="The git reference, in full: refs/heads/main."),
    click.option("--source-digest", metavar="gitCommit:HEX", help="The commit that it has to be built from."),
    click.option("--builder-id", metavar="ID", help="The builder that provenance has to name."),
    click.option("--min-slsa-level", type=click.IntRange(0, 3), metavar="LEVEL", help="The least SLSA build level."),
    click.option("--build-type", metavar="URI", help="The build type that provenance has to name."),
    click.option(
        "--runner-environment", metavar="NAME", help="The runner that the certificate has to name: github-hosted."
    ),
    click.option("--resource-uri", metavar="URI", help="What a verification summary has to be about."),
)


def demands(command: F) -> F:
    """Add the flags to a verb, in their order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def expectations_of(given: Mapping[str, Any]) -> Expectations:
    """Return what the flags demand; half an identity is a usage error, a key that cannot be read is another."""
    from attest.provenance.model import Expectations
    from attest.trust.document import TrustedIdentity

    identity, issuer = given["cert_identity"], given["cert_oidc_issuer"]
    if (identity is None) != (issuer is None):
        raise click.UsageError("--cert-identity and --cert-oidc-issuer: expected both or none, found one")
    return Expectations(
        source=given["source_uri"],
        source_ref=given["source_ref"],
        source_tag=given["source_tag"],
        source_versioned_tag=given["source_versioned_tag"],
        source_digest=None if given["source_digest"] is None else _commit(given["source_digest"]),
        builder_id=given["builder_id"],
        min_level=given["min_slsa_level"],
        build_type=given["build_type"],
        runner_environment=given["runner_environment"],
        resource_uri=given["resource_uri"],
        identities=() if identity is None else (TrustedIdentity(identity=identity, issuer=issuer),),
        keys=_keys(given["public_key"]) if given["public_key"] else (),
    )


def _keys(paths: Iterable[Path]) -> tuple[VerifyingKey, ...]:
    from attest.signing.given_keys import load_given

    return tuple(map(load_given, paths))


def _commit(given: str) -> str:
    match = re.fullmatch(_COMMIT, given)
    if match is None:
        raise click.UsageError(f"--source-digest: expected gitCommit: and 40 or 64 hexadecimal digits, found {given!r}")
    return match["commit"]
