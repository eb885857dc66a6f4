"""What a verified signing certificate says about the build that asked for it, under one name each.

Fulcio copies these from the identity token of the build platform, so that a workflow cannot choose them. Old
certificates (before 2023) have only the first six extensions; what is missing is None.
"""

from __future__ import annotations

from typing import Final

import msgspec

from attest.statement.predicates.runtime_reference import SignerIdentity

GITHUB_ISSUER: Final = "https://token.actions.githubusercontent.com"
GITHUB: Final = "https://github.com/"


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a certificate is for, and the extensions `1.3.6.1.4.1.57264.1.*` that build platforms fill."""

    identity: str
    """The subject alternative name, whole."""
    issuer: str
    source_repository: str | None = None
    source_commit: str | None = None
    source_ref: str | None = None
    config_uri: str | None = None
    """The workflow that was started, `PATH@REF`; the identity is the (reusable) one that signed."""
    runner_environment: str | None = None
    trigger: str | None = None
    repository_id: str | None = None
    owner_id: str | None = None
    invocation_uri: str | None = None

    @property
    def signer(self) -> SignerIdentity:
        """The identity as a reference records it."""
        return SignerIdentity(identity=self.identity, issuer=self.issuer)
