"""Which builder made it: what the signature proves, what the provenance claims, and the level that follows.

With a key of the trust file the builder is the key's. With a certificate it is the workflow that the certificate is
for, and the provenance has to name the same one, but for two cases: a *delegator* of slsa-github-generator signs for
the reusable workflow that called it and names that one; a workflow that npm's client or GitLab runs in names the
runner. Both names are in the result.
"""

from __future__ import annotations

from typing import Final

from attest.errors import UntrustedError
from attest.provenance.author import Author, names_builder
from attest.provenance.certificate import GITHUB_ISSUER, Certificate
from attest.provenance.model import CheckStatus, Expectations, check
from attest.provenance.slsa.model import Provenance
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.identity import is_release, split_workflow

CHECK: Final = "build-link.builder"
LEVEL_CHECK: Final = "build-link.level"

_DELEGATORS: Final = (
    "/.github/workflows/delegator_generic_slsa3.yml",
    "/.github/workflows/delegator_lowperms-generic_slsa3.yml",
)
_DELEGATED_TYPE: Final = "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0"
_RUNNERS: Final = {
    "https://github.com/actions/runner": "github-hosted",
    "https://github.com/actions/runner/github-hosted": "github-hosted",
    "https://github.com/actions/runner/self-hosted": "self-hosted",
}
"""The builder ids that npm's client writes, and what the certificate has to say about the runner."""

_GITLAB_RUNNERS: Final = "/-/runners/"


def judge_builder(
    provenance: Provenance, author: Author, certificate: Certificate | None, expectations: Expectations, where: str
) -> tuple[str, EvidenceCheck, EvidenceCheck]:
    """Return the builder's id, and the checks of it and of its level; raise `UntrustedError` (SLSA steps 3 and 4)."""
    claimed = provenance.builder_id
    if certificate is None:
        if author.id is not None and author.id != claimed:
            raise _untrusted(where, f"{author.id}, whose key signed", claimed)
        detail = claimed if author.id is not None else f"{claimed}, as the signer says whose key the caller gave"
    else:
        detail = _certified(provenance, certificate, expectations, where)
        if author.id is not None and not _is_either(author.id, claimed, certificate):
            raise _untrusted(where, author.id, claimed)
    wanted = expectations.builder_id
    if wanted is not None and not _is_either(wanted, claimed, certificate):
        raise _untrusted(where, wanted, claimed)
    runner = _check_runner(certificate, expectations, where)
    return claimed, check(CHECK, CheckStatus.PASS, detail + runner), _check_level(claimed, author, expectations, where)


def _certified(provenance: Provenance, certificate: Certificate, expectations: Expectations, where: str) -> str:
    """Return how the builder that is claimed follows from the certificate."""
    claimed, identity = provenance.builder_id, certificate.identity
    if claimed == identity:
        return claimed
    if split_workflow(identity).path.endswith(_DELEGATORS) and provenance.build_type == _DELEGATED_TYPE:
        _check_delegated(claimed, identity, expectations, where)
        return f"{claimed}, for which {identity} signed"
    if certificate.issuer == GITHUB_ISSUER and claimed in _RUNNERS:
        if certificate.runner_environment not in {None, _RUNNERS[claimed]}:
            found = f"{claimed} in a certificate for a runner that is {certificate.runner_environment}"
            raise _untrusted(where, f"a {_RUNNERS[claimed]} runner", found)
        return f"{claimed}, running {identity}"
    source = certificate.source_repository
    if source is not None and claimed.startswith(f"{source}{_GITLAB_RUNNERS}") and identity.startswith(f"{source}/"):
        return f"{claimed}, running {identity}"
    raise _untrusted(where, f"{identity}, which the certificate is for", claimed)


def _check_delegated(claimed: str, identity: str, expectations: Expectations, where: str) -> None:
    # Whoever trusts a delegator at a branch, which he has to say in so many words, trusts what it delegates to there.
    given, delegator = split_workflow(claimed), split_workflow(identity)
    if not is_release(given.reference) and is_release(delegator.reference) and claimed != expectations.builder_id:
        raise _untrusted(where, "a delegated builder at a release tag, @refs/tags/vX.Y.Z", claimed)


def _check_runner(certificate: Certificate | None, expectations: Expectations, where: str) -> str:
    found = None if certificate is None else certificate.runner_environment
    wanted = expectations.runner_environment
    if wanted is not None and wanted != found:
        expected = f"a runner that is {wanted}"
        raise UntrustedError(f"{where}: runner environment", expected, found or "none named", check=CHECK)
    return "" if found is None else f", {found}"


def _check_level(claimed: str, author: Author, expectations: Expectations, where: str) -> EvidenceCheck:
    least, level = expectations.min_level, author.max_level
    if least is not None and level < least:
        by = "the trust file believes it" if author.id is not None else "a builder is believed that no trust file names"
        found = f"{level}, the highest that {by}"
        raise UntrustedError(f"{where}: SLSA Build level", f"at least {least}", found, check=LEVEL_CHECK)
    return check(LEVEL_CHECK, CheckStatus.PASS, f"{claimed} is believed up to SLSA Build level {level}")


def _is_either(wanted: str, claimed: str, certificate: Certificate | None) -> bool:
    signer = None if certificate is None else certificate.identity
    return names_builder(wanted, claimed) or (signer is not None and names_builder(wanted, signer))


def _untrusted(where: str, expected: str, found: str) -> UntrustedError:
    return UntrustedError(f"{where}: builder.id", expected, found, check=CHECK)
