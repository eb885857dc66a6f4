"""Which certificates are for an expected identity: as much of it as was said, and no more."""

from __future__ import annotations

import pytest

from attest.trust.identity import identities_overlap, matches_identity

REPOSITORY = "https://github.com/acme/server"
PATH = f"{REPOSITORY}/.github/workflows/release.yml"
SHARED = "https://github.com/builders/shared/.github/workflows/build.yml"


@pytest.mark.parametrize(
    ("expected", "found", "source", "matches"),
    [
        (f"{PATH}@refs/tags/v1.2.3", f"{PATH}@refs/tags/v1.2.3", REPOSITORY, True),
        (f"{PATH}@refs/tags/v1.2.3", f"{PATH}@refs/tags/v1.2.4", REPOSITORY, False),
        (f"{PATH}@refs/heads/main", f"{PATH}@refs/tags/v1.2.3", REPOSITORY, False),
        (PATH, f"{PATH}@refs/heads/main", REPOSITORY, True),
        (PATH, f"{PATH}@refs/pull/7/merge", REPOSITORY, False),
        (PATH, f"{PATH}@refs/heads/main", None, False),
        (PATH, f"{PATH}x@refs/heads/main", REPOSITORY, False),
        (SHARED, f"{SHARED}@refs/tags/v1.2.3", REPOSITORY, True),
        (SHARED, f"{SHARED}@refs/tags/v1", REPOSITORY, False),
        (SHARED, f"{SHARED}@refs/heads/main", REPOSITORY, False),
        (SHARED, f"{SHARED}@refs/heads/main", "https://github.com/builders/share", False),
        ("a@b.example", "a@b.example", None, True),
        ("a@b.example", "c@b.example", None, False),
    ],
)
def test_a_certificate_is_for_an_identity_or_it_is_not(expected: str, found: str, source: str | None, *, matches: bool):
    assert matches_identity(expected, found, source=source) is matches


def test_two_identities_overlap_where_one_certificate_could_be_for_both():
    main, tag = f"{PATH}@refs/heads/main", f"{PATH}@refs/tags/v1.2.3"
    assert all(identities_overlap(one, other) for one, other in ((PATH, main), (tag, PATH), (main, main)))
    assert not any(identities_overlap(one, other) for one, other in ((main, tag), (PATH, SHARED)))
