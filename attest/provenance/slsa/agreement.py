"""What provenance says about its own build has to be what the certificate says, wherever both say something.

npm's client and actions/attest write provenance inside the user's workflow, which could have written anything: of that
only what the certificate confirms is believed. The rest (times, completeness, reproducibility) is nowhere used.
"""

from __future__ import annotations

from typing import Any, Final

from attest.errors import UntrustedError
from attest.provenance.certificate import GITHUB_ISSUER, Certificate
from attest.provenance.model import CheckStatus, check
from attest.provenance.slsa.model import Provenance
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.identity import split_workflow

CHECK: Final = "build-link.certificate"

_VARIABLES: Final = {
    "trigger": ("GITHUB_EVENT_NAME", "event_name"),
    "repository_id": ("GITHUB_REPOSITORY_ID", "repository_id"),
    "owner_id": ("GITHUB_REPOSITORY_OWNER_ID", "repository_owner_id"),
    "runner_environment": ("RUNNER_ENVIRONMENT", "runner_environment"),
}
"""A field of the certificate, and what provenance calls it: GitHub's variable, and the key in `internal.github`."""


def judge_agreement(provenance: Provenance, certificate: Certificate | None, where: str) -> EvidenceCheck:
    """Return the check that nothing contradicts the certificate; raise `UntrustedError` for the first that does."""
    if certificate is None:
        return check(CHECK, CheckStatus.NOT_APPLICABLE, "signed with a key: no certificate says anything")
    equal = []
    for name, said, certified in _pairs(provenance, certificate):
        if said is None or certified is None:
            continue
        if str(said) != certified:
            expected = f"{certified}, as the certificate says"
            raise UntrustedError(f"{where}: {name}", expected, str(said)[:160], check=CHECK)
        equal.append(name)
    return check(CHECK, CheckStatus.PASS, f"as in the certificate: {', '.join(equal) or 'nothing to compare'}")


def _pairs(provenance: Provenance, certificate: Certificate) -> list[tuple[str, Any, str | None]]:
    if certificate.issuer != GITHUB_ISSUER:
        return []
    internal = provenance.internal_parameters
    inner = internal.get("github")
    github = inner if isinstance(inner, dict) else {}
    pairs = [
        (name.replace("_", " "), internal.get(variable, github.get(key)), getattr(certificate, name))
        for name, (variable, key) in _VARIABLES.items()
    ]
    workflow = ("workflow", provenance.entry_point, _config_path(certificate))
    return [*pairs, workflow, _invocation(provenance, certificate)]


def _invocation(provenance: Provenance, certificate: Certificate) -> tuple[str, Any, str | None]:
    """Compare the run: its address, or in v0.2 its number, which the address holds."""
    said, certified = provenance.invocation_id, certificate.invocation_uri
    if said is not None and certified is not None and "://" not in said:
        run, _, attempt = certified.rpartition("/actions/runs/")[2].partition("/attempts/")
        return "run", said, f"{run}-{attempt}"
    return "run", said, certified


def _config_path(certificate: Certificate) -> str | None:
    """Return the path of the workflow that was started, inside its repository."""
    source, started = certificate.source_repository, split_workflow(certificate.config_uri or "").path
    return started.removeprefix(f"{source}/") if source is not None and started.startswith(f"{source}/") else None
