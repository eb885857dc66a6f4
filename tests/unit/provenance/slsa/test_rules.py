"""The rules of SLSA provenance one by one: builders, identities, sources, versions, parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError, UntrustedError
from attest.provenance.author import Author, names_builder
from attest.provenance.certificate import GITHUB_ISSUER, Certificate
from attest.provenance.model import Expectations
from attest.provenance.slsa.agreement import judge_agreement
from attest.provenance.slsa.builder import judge_builder
from attest.provenance.slsa.model import V02, V1, V1_DRAFT, read_provenance
from attest.provenance.slsa.parameters import judge_parameters
from attest.provenance.slsa.source import covers_version, judge_source
from attest.trust.identity import matches_identity, split_identity
from attest.trust.role import Role
from tests.build_files import COMMIT, REF, REPOSITORY, RUN, TRUST, WORKFLOW, provenance

AUTHOR = Author(role=Role.BUILDER)
NOBODY = Expectations()
CERTIFICATE = Certificate(
    identity=WORKFLOW,
    issuer=GITHUB_ISSUER,
    source_repository=REPOSITORY,
    source_commit=COMMIT,
    source_ref=REF,
    config_uri=WORKFLOW,
    runner_environment="github-hosted",
    trigger="push",
    invocation_uri=RUN,
)
GENERATOR = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows"


def certified(**changes: Any) -> Certificate:
    return Certificate(**{**{name: getattr(CERTIFICATE, name) for name in CERTIFICATE.__struct_fields__}, **changes})


def read(change: Any = None):
    return read_provenance(V1, provenance(change), where="p")


def old(**changes: Any):
    said: dict[str, Any] = {
        "builder": {"id": WORKFLOW},
        "buildType": "https://github.com/npm/cli/gha/v2",
        "invocation": {
            "configSource": {
                "uri": f"git+{REPOSITORY}@{REF}",
                "digest": {"sha1": COMMIT},
                "entryPoint": ".github/workflows/release.yml",
            },
            "parameters": {},
            "environment": {"GITHUB_REPOSITORY": "acme/server", "GITHUB_REF": REF, "GITHUB_SHA": COMMIT},
        },
        "metadata": {"buildInvocationId": "42-1"},
        "materials": [{"uri": f"git+{REPOSITORY}@{REF}", "digest": {"sha1": COMMIT}}],
    }
    return read_provenance(V02, {**said, **changes}, where="p")


def with_builder(name: str):
    return read(lambda said: said["runDetails"]["builder"].update(id=name))


@pytest.mark.parametrize(
    ("expected", "found", "source", "answer"),
    [
        (WORKFLOW, WORKFLOW, REPOSITORY, True),
        (WORKFLOW.partition("@")[0], WORKFLOW, REPOSITORY, True),
        (f"{REPOSITORY}/w.yml", f"{REPOSITORY}/w.yml@refs/heads/main", REPOSITORY, True),
        (f"{REPOSITORY}/w.yml", f"{REPOSITORY}/w.yml@refs/pull/7/merge", REPOSITORY, False),
        (f"{REPOSITORY}/w.yml", f"{REPOSITORY}/w.yml@refs/heads/main", f"{REPOSITORY}2", False),
        (f"{REPOSITORY}/w.yml", f"{REPOSITORY}/w.yml@refs/heads/main", None, False),
        (f"{GENERATOR}/x.yml", f"{GENERATOR}/x.yml@refs/tags/v2.1.0", REPOSITORY, True),
        (f"{GENERATOR}/x.yml", f"{GENERATOR}/x.yml@refs/tags/v2.1", REPOSITORY, False),
        (f"{GENERATOR}/x.yml", f"{GENERATOR}/x.yml@refs/tags/v2.1.0-rc.1", REPOSITORY, False),
        (f"{GENERATOR}/x.yml", f"{GENERATOR}/x.yml@refs/heads/main", REPOSITORY, False),
        (f"{GENERATOR}/x.yml@refs/heads/main", f"{GENERATOR}/x.yml@refs/heads/main", REPOSITORY, True),
        (f"{GENERATOR}/x.ym", f"{GENERATOR}/x.yml@refs/tags/v2.1.0", REPOSITORY, False),
        ("bob@example.com", "bob@example.com", None, True),
        ("bob", "bob@example.com", None, False),
    ],
)
def test_an_identity_is_compared_whole_but_for_a_reference_that_is_left_out(expected, found, source, answer):
    assert matches_identity(expected, found, source=source) is answer


@given(st.text(min_size=1), st.text("abc./:@", min_size=1).filter(lambda text: "@https://" not in text))
def test_an_identity_argument_is_split_at_its_last_issuer(identity, issuer):
    assert split_identity(f"{identity}@https://{issuer}") == (identity, f"https://{issuer}")


@pytest.mark.parametrize("text", ["", "x", "x@http://y", "@https://y", "x@https://"])
def test_an_identity_without_an_issuer_is_malformed(text):
    with pytest.raises(MalformedError):
        split_identity(text)


@pytest.mark.parametrize(
    ("expected", "found", "answer"),
    [
        ("https://b", "https://b", True),
        ("https://b/x.yml", "https://b/x.yml@refs/tags/v1.2.3", True),
        ("https://b/x.yml@v1.2.3", "https://b/x.yml@refs/tags/v1.2.3", True),
        ("https://b/x.yml@v1.2", "https://b/x.yml@refs/tags/v1.2.3", False),
        ("https://b/x.yml@refs/heads/v1", "https://b/x.yml@refs/tags/v1", False),
        ("https://b/x", "https://b/x.yml@refs/tags/v1.2.3", False),
        ("https://b", "https://b2", False),
    ],
)
def test_a_builder_id_without_a_version_names_every_version(expected, found, answer):
    assert names_builder(expected, found) is answer


def test_a_delegator_signs_for_a_builder_at_a_release_tag():
    delegator = certified(identity=f"{GENERATOR}/delegator_generic_slsa3.yml@refs/tags/v2.1.0")

    def said(name):
        def change(predicate):
            predicate["runDetails"]["builder"]["id"] = name
            predicate["buildDefinition"]["buildType"] = (
                "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0"
            )

        return read(change)

    released, moving = (
        "https://github.com/o/r/.github/workflows/b.yml@refs/tags/v1.0.0",
        "https://github.com/o/r/b@refs/heads/main",
    )
    builder, told, _ = judge_builder(said(released), AUTHOR, delegator, NOBODY, "p")
    assert builder == released
    assert delegator.identity in told.detail
    with pytest.raises(UntrustedError, match="release tag"):
        judge_builder(said(moving), AUTHOR, delegator, NOBODY, "p")
    assert judge_builder(said(moving), AUTHOR, delegator, Expectations(builder_id=moving), "p")[0] == moving
    with pytest.raises(UntrustedError, match="which the certificate is for"):
        judge_builder(with_builder(released), AUTHOR, delegator, NOBODY, "p")
    other = certified(identity=f"{GENERATOR}/builder_go_slsa3.yml@refs/tags/v2.1.0")
    with pytest.raises(UntrustedError):
        judge_builder(said(released), AUTHOR, other, NOBODY, "p")


@pytest.mark.parametrize(
    ("name", "environment", "good"),
    [
        ("https://github.com/actions/runner", "github-hosted", True),
        ("https://github.com/actions/runner/github-hosted", "github-hosted", True),
        ("https://github.com/actions/runner/self-hosted", "self-hosted", True),
        ("https://github.com/actions/runner/github-hosted", "self-hosted", False),
        ("https://github.com/actions/runner", "self-hosted", False),
    ],
)
def test_a_runner_is_believed_where_the_certificate_says_the_same(name, environment, good):
    certificate = certified(runner_environment=environment)
    if good:
        assert judge_builder(with_builder(name), AUTHOR, certificate, NOBODY, "p")[0] == name
    else:
        with pytest.raises(UntrustedError, match="runner"):
            judge_builder(with_builder(name), AUTHOR, certificate, NOBODY, "p")


def test_an_absent_runner_environment_is_neither():
    for wanted in ("github-hosted", "self-hosted"):
        with pytest.raises(UntrustedError, match="none named"):
            judge_builder(
                read(), AUTHOR, certified(runner_environment=None), Expectations(runner_environment=wanted), "p"
            )


@pytest.mark.parametrize(
    ("wanted", "tag", "answer"),
    [
        ("v1.2", "v1.2.9", True),
        ("v1", "v1.2.9", True),
        ("v1.2.3", "v1.2.3", True),
        ("v1.2", "v1.20.0", False),
        ("v1.2", "v1.2.9-rc.1", False),
        ("v1.2-rc.1", "v1.2.9-rc.1", True),
        ("v1.2.3+build.7", "v1.2.3+build.8", True),
        ("v1.2", "main", False),
        ("main", "main", False),
        ("v1.2.3", "v1.2", False),
    ],
)
def test_a_version_covers_what_continues_it(wanted, tag, answer):
    assert covers_version(wanted, tag) is answer


@pytest.mark.parametrize(
    ("expectations", "message"),
    [
        ({"source_ref": "refs/tags/v1.2.4"}, "source ref"),
        ({"source_ref": "refs/heads/main"}, "does not know its branch"),
        ({"source_tag": "1.2.3"}, "source tag"),
        ({"source_versioned_tag": "v2"}, "a version of v2"),
        ({"source_digest": "0" * 40}, "source commit"),
    ],
)
def test_a_reference_or_commit_that_differs_is_untrusted(expectations, message):
    with pytest.raises(UntrustedError, match=message):
        judge_source(read(), AUTHOR, CERTIFICATE, Expectations(source=REPOSITORY, **expectations), "p")


def test_a_branch_is_not_the_tag_of_the_same_name():
    branch = certified(source_ref="refs/heads/v1.2.3", config_uri=None)
    said = read(lambda p: p["buildDefinition"]["externalParameters"]["workflow"].update(ref="refs/heads/v1.2.3"))
    with pytest.raises(UntrustedError, match="source tag"):
        judge_source(said, AUTHOR, branch, Expectations(source=REPOSITORY, source_tag="v1.2.3"), "p")


@pytest.mark.parametrize(
    "changes",
    [
        {"source_repository": f"{REPOSITORY}2"},
        {"source_ref": "refs/heads/main", "config_uri": None},
        {"source_commit": "0" * 40},
    ],
)
def test_what_the_certificate_denies_is_untrusted_whatever_anybody_expects(changes):
    for said in (read(), old()):
        with pytest.raises(UntrustedError, match="as the certificate says"):
            judge_source(said, AUTHOR, certified(**changes), NOBODY, "p")


def test_the_trigger_has_to_agree_with_what_was_asked_for():
    other = old(
        invocation={
            "configSource": {"uri": f"git+{REPOSITORY}@{REF}"},
            "environment": {"GITHUB_REPOSITORY": "acme/other"},
        }
    )
    with pytest.raises(UntrustedError, match="acme/other"):
        judge_source(other, AUTHOR, None, Expectations(source=REPOSITORY), "p")


@pytest.mark.parametrize("said", [read(), old()], ids=["v1", "v0.2"])
def test_both_versions_say_the_same(said):
    assert judge_source(said, AUTHOR, CERTIFICATE, Expectations(source=f"git+{REPOSITORY}"), "p")[0] == REPOSITORY
    assert judge_builder(said, AUTHOR, CERTIFICATE, NOBODY, "p")[0] == WORKFLOW
    assert judge_agreement(said, CERTIFICATE, "p").status == "pass"


def test_the_draft_of_v1_is_read():
    said = read_provenance(
        V1_DRAFT,
        {
            "buildDefinition": {
                "buildType": "t",
                "externalParameters": {
                    "source": {"artifact": {"uri": f"git+{REPOSITORY}@{REF}", "digest": {"sha1": COMMIT}}}
                },
                "systemParameters": {"GITHUB_REPOSITORY": {"value": "acme/server"}},
            },
            "runDetails": {"builder": {"id": WORKFLOW}},
        },
        where="p",
    )
    assert {claim.repository for claim in said.sources} == {REPOSITORY}


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["buildDefinition"]["internalParameters"]["github"].update(event_name="pull_request"),
        lambda said: said["buildDefinition"]["internalParameters"]["github"].update(runner_environment="self-hosted"),
        lambda said: said["buildDefinition"]["externalParameters"]["workflow"].update(path=".github/workflows/x.yml"),
        lambda said: said["runDetails"]["metadata"].update(invocationId=f"{RUN}0"),
    ],
)
def test_what_a_workflow_wrote_about_itself_is_believed_only_where_the_certificate_says_so(change):
    with pytest.raises(UntrustedError, match="as the certificate says"):
        judge_agreement(read(change), CERTIFICATE, "p")


@pytest.mark.parametrize(
    ("rules", "good"),
    [
        ({"workflow": ()}, True),
        ({"workflow": (), "inputs": ()}, True),
        ({"workflow": ({"ref": REF, "repository": REPOSITORY, "path": ".github/workflows/release.yml"},)}, True),
        ({"workflow": ({"ref": REF},)}, False),
        ({"workflow": (), "inputs": ("x",)}, False),
        ({}, False),
    ],
)
def test_a_parameter_that_nobody_lists_is_untrusted(rules, good):
    author = Author(role=Role.BUILDER, external_parameters=rules)
    if good:
        assert judge_parameters(read(), author, TRUST, NOBODY, "p").status == "pass"
    else:
        with pytest.raises(UntrustedError, match="externalParameters"):
            judge_parameters(read(), author, TRUST, NOBODY, "p")


@pytest.mark.parametrize(
    ("given", "listed", "good"), [(1, True, False), (1, 1.0, False), ([1], (1,), True), (1, 1, True)]
)
def test_values_are_compared_as_json_has_them(given, listed, good):
    def change(said):
        said["buildDefinition"]["externalParameters"] = {"x": given}

    author = Author(role=Role.BUILDER, external_parameters={"x": (listed,)})
    if good:
        assert judge_parameters(read(change), author, TRUST, NOBODY, "p").status == "pass"
    else:
        with pytest.raises(UntrustedError):
            judge_parameters(read(change), author, TRUST, NOBODY, "p")
