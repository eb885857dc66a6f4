"""From which source it was built: certificate, trigger and predicate have to agree, and it has to be the expected one.

SLSA "Verifying artifacts", step 5. A reference is compared typed and in full: a branch `v1` is not the tag `v1`.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from attest.errors import UntrustedError
from attest.provenance.author import Author
from attest.provenance.certificate import Certificate
from attest.provenance.model import CheckStatus, Expectations, check
from attest.provenance.repositories import repository_of
from attest.provenance.slsa.model import Provenance, SourceClaim
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.identity import split_workflow

CHECK: Final = "build-link.source"
_TAG: Final = "refs/tags/"
_VERSION: Final = (
    r"v?(?P<major>0|[1-9][0-9]*)(?:\.(?P<minor>0|[1-9][0-9]*))?(?:\.(?P<patch>0|[1-9][0-9]*))?"
    r"(?P<pre>-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
)


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the source after all places agreed; None: nothing names it, or more than one is named."""

    repositories: tuple[str, ...]
    reference: str | None
    commit: str | None

    @property
    def repository(self) -> str | None:
        """The one repository."""
        return self.repositories[0] if len(self.repositories) == 1 else None


def judge_source(
    provenance: Provenance, author: Author, certificate: Certificate | None, expectations: Expectations, where: str
) -> tuple[str | None, EvidenceCheck]:
    """Return the source repository and the check of it; raise `UntrustedError` if it is not as expected."""
    built = _agree(provenance, certificate, where)
    allowed = _check_repositories(built, author, expectations, where)
    _check_reference(built, expectations, where)
    _check_commit(built, expectations, where)
    if not allowed:
        return built.repository, _unexpected(built)
    return built.repository, check(CHECK, CheckStatus.PASS, _told(built))


def judge_certified_source(
    certificate: Certificate | None, author: Author | None, expectations: Expectations, where: str
) -> tuple[str | None, EvidenceCheck]:
    """Judge the source that a certificate alone names, of an attestation whose predicate says nothing about one.

    It is proven by the identity; so nobody has to expect it, and it fails only if somebody expects another.
    """
    if certificate is None or author is None or certificate.source_repository is None:
        wanted = expectations.source
        if wanted is not None and author is not None:
            raise _untrusted(where, "source", wanted, "none named")
        return None, check(CHECK, CheckStatus.NOT_APPLICABLE, "no source is named")
    built = Built(
        repositories=(certificate.source_repository,),
        reference=certificate.source_ref,
        commit=certificate.source_commit,
    )
    _check_repositories(built, author, expectations, where)
    _check_reference(built, expectations, where)
    _check_commit(built, expectations, where)
    return built.repository, check(CHECK, CheckStatus.PASS, f"{_told(built)}, as the certificate says")


def covers_version(wanted: str, tag: str) -> bool:
    """Return whether the beginning of a version, `v1.2`, covers a tag; pre-releases equal, build metadata ignored."""
    given, found = re.fullmatch(_VERSION, wanted), re.fullmatch(_VERSION, tag)
    if given is None or found is None or (given["pre"] or "") != (found["pre"] or ""):
        return False
    return all(given[part] in {None, found[part]} for part in ("major", "minor", "patch"))


def _check_repositories(built: Built, author: Author, expectations: Expectations, where: str) -> bool:
    """Check the repository against trust file and caller; return whether either of them names any."""
    allowed = [tuple(repository_of(source) for source in author.sources)] if author.sources else []
    if expectations.source is not None:
        allowed.append((repository_of(expectations.source),))
    if any(repository not in one for one in allowed for repository in built.repositories) or (
        allowed and not built.repositories
    ):
        expected = " and ".join(" or ".join(one) for one in allowed)
        raise _untrusted(where, "source", expected, ", ".join(built.repositories)[:400] or "none named")
    return bool(allowed)


def _agree(provenance: Provenance, certificate: Certificate | None, where: str) -> Built:
    """Put together what each place says; raise `UntrustedError` where two of them contradict one another."""
    named = provenance.sources
    repositories = tuple(dict.fromkeys(claim.repository for claim in named))
    certified = None if certificate is None else certificate.source_repository
    if certified is not None:
        for repository in repositories:
            if repository != certified:
                raise _untrusted(where, "source", f"{certified}, as the certificate says", repository)
        repositories = (certified,)
    about = [each for each in (*named, *provenance.used) if each.repository in repositories]
    return Built(
        repositories=repositories,
        reference=_reference(named, certificate, where),
        commit=_commit(about, len(repositories) == 1, certificate, where),
    )


def _reference(named: tuple[SourceClaim, ...], certificate: Certificate | None, where: str) -> str | None:
    claimed = tuple(dict.fromkeys(claim.reference for claim in named if claim.reference is not None))
    if certificate is None or certificate.source_ref is None:
        return claimed[0] if len(claimed) == 1 else None
    # The reference of the workflow may be another one than that of the source: a schedule, a base branch.
    certified = {certificate.source_ref, split_workflow(certificate.config_uri or "").reference}
    for reference in claimed:
        if reference.startswith("refs/") and reference not in certified:
            raise _untrusted(where, "source ref", f"{certificate.source_ref}, as the certificate says", reference)
    return certificate.source_ref


def _commit(about: list[SourceClaim], single: bool, certificate: Certificate | None, where: str) -> str | None:  # noqa: FBT001  (how many repositories there are, as it was found)
    commits = tuple(dict.fromkeys(claim.commit for claim in about if claim.commit is not None))
    if certificate is not None and certificate.source_commit is not None:
        for commit in commits:
            if commit != certificate.source_commit:
                expected = f"{certificate.source_commit}, as the certificate says"
                raise _untrusted(where, "source commit", expected, commit)
        return certificate.source_commit
    return commits[0] if single and len(commits) == 1 else None


def _check_reference(built: Built, expectations: Expectations, where: str) -> None:
    found = built.reference
    tag = found.removeprefix(_TAG) if found is not None and found.startswith(_TAG) else None
    if expectations.source_ref is not None and found != expectations.source_ref:
        known = "; a build of a tag does not know its branch" if tag is not None else ""
        raise _untrusted(where, "source ref", expectations.source_ref, f"{found or 'none named'}{known}")
    if expectations.source_tag is not None and tag != expectations.source_tag:
        raise _untrusted(where, "source tag", expectations.source_tag, found or "none named")
    wanted = expectations.source_versioned_tag
    if wanted is not None and (tag is None or not covers_version(wanted, tag)):
        raise _untrusted(where, "source tag", f"a version of {wanted}", found or "none named")


def _check_commit(built: Built, expectations: Expectations, where: str) -> None:
    wanted = expectations.source_digest
    if wanted is not None and built.commit != wanted:
        raise _untrusted(where, "source commit", wanted, built.commit or "none named, or more than one")


def _unexpected(built: Built) -> EvidenceCheck:
    if not built.repositories:
        return check(CHECK, CheckStatus.NOT_APPLICABLE, "no source is named, and none expected")
    detail = f"nobody said which source to expect (--source-uri); named: {_told(built)}"
    return check(CHECK, CheckStatus.UNPROVEN, detail)


def _told(built: Built) -> str:
    reference = f" at {built.reference}" if built.reference else ""
    commit = f", commit {built.commit}" if built.commit else ""
    return ", ".join(built.repositories) + reference + commit


def _untrusted(where: str, what: str, expected: str, found: str) -> UntrustedError:
    return UntrustedError(f"{where}: {what}", expected, found, check=CHECK)
