"""What a run says of the job that it is part of, held against what the job's certificate says: Fulcio's words win.

A run records whatever its starter tells it (`--context NAME=VALUE`); some names have a meaning that a signing
certificate has a word for. Where both speak they have to agree; where one is silent nothing is compared.
"""

from __future__ import annotations

import re
from typing import Final

from attest.provenance.certificate import GITHUB, Certificate

_GITHUB_RUN: Final = re.compile(r"https://[^?#]+/actions/runs/(?P<run>[0-9]+)/attempts/(?P<attempt>[0-9]+)")


def contradiction(certificate: Certificate, name: str, value: str) -> str | None:
    """Return what a certificate says instead of `value`, if it knows what a context of that name means, and differs."""
    known = _known(certificate).get(name, ())
    return None if not known or value in known else known[0]


def _known(certificate: Certificate) -> dict[str, tuple[str, ...]]:
    """Return, by the name of a context, the spellings of the one value that the certificate has for it."""
    commit, ref = _one(certificate.source_commit), _one(certificate.source_ref)
    repository, path = certificate.source_repository, _github_path(certificate.source_repository)
    uri = certificate.invocation_uri
    match = None if uri is None else _GITHUB_RUN.fullmatch(uri)
    run, attempt = (_one(match and match["run"]), _one(match and match["attempt"]))
    return {
        "commit": commit,
        "ref": ref,
        "repository": (*_one(repository), *_one(path)),
        "run": (*_one(uri), *run),
        "attempt": attempt,
        "GITHUB_SHA": commit,
        "GITHUB_REF": ref,
        "GITHUB_REPOSITORY": _one(path),
        "GITHUB_RUN_ID": run,
        "GITHUB_RUN_ATTEMPT": attempt,
        "CI_COMMIT_SHA": commit,
    }


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _github_path(repository: str | None) -> str | None:
    return None if repository is None or not repository.startswith(GITHUB) else repository.removeprefix(GITHUB)
