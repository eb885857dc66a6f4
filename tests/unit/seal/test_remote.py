"""A server without files is sealed by its key and its tools, and by nothing that somebody would have to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from attest.errors import AttestError, MalformedError, RefusedError
from attest.seal.request import ProcessRules, Rules, SealRequest, Tree
from attest.seal.seal import seal
from attest.statement.enforcing import Action
from attest.statement.levels import Binding, Origin
from attest.statement.manifest import read_manifest
from attest.statement.tools.definitions import digest_of_set
from attest.statement.tools.rules import PathRule, Upstream
from attest.trust.document import Minima, SealRules
from tests.evidence_story import change
from tests.portal_world import make_tool_rules
from tests.world import NOW, SEALER, TRUST, make_trust_file, trust_of

URL = "https://far.example/mcp"
PINNED = Upstream(url=URL, spki=("ab" * 32,))
RULES = change(make_tool_rules("echo"), upstream=PINNED)
REQUEST = SealRequest(upstream=URL, tools=RULES)


def sealed(request: SealRequest = REQUEST, trust: Any = TRUST):
    return seal(request, trust, lambda: SEALER, at=NOW)


def test_the_manifest_names_who_it_is_and_no_file():
    made = sealed()
    header, entries = read_manifest(made.manifest.splitlines(keepends=True), where="manifest")
    assert (header.roots, entries) == ((), ())
    assert (header.upstream, header.definitions) == (PINNED, RULES.definitions_digest)
    assert made.reference.is_remote
    assert made.reference.server.name == "far.example"
    assert made.reference.assurance.least == "none"
    assert sealed(replace(REQUEST, name="far")).reference.server.name == "far"


def test_another_server_or_other_tools_have_another_digest():
    other = change(RULES, upstream=Upstream(url=URL, spki=("cd" * 32,)))
    fewer = RULES.definitions[1:]
    digest = digest_of_set((each.name, each.sha256) for each in fewer)
    less = msgspec.structs.replace(RULES, definitions=fewer, definitions_digest=digest)
    made = [sealed(replace(REQUEST, tools=rules)).reference for rules in (RULES, other, less)]
    assert len({each.subject_identifier.content for each in made}) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"trees": (Tree(name="tree", path=Path("/srv")),)},
        {"command": ("server",)},
        {"program": Path("/bin/sh")},
        {"runtime": Path("sh.ref")},
        {"artifacts": (Path("a.whl"),)},
        {"evidence": (Path("a.json"),)},
        {"allow_site": ("*",)},
        {"mutable": (Path("/srv/cache"),)},
        {"process": ProcessRules(environment=("A",))},
        {"rules": Rules(scrub=60)},
        {"rules": Rules(min_binding=Binding.TREE)},
        {"rules": Rules(on_drift=Action.TERMINATE)},
        {"tools": None},
        {"tools": make_tool_rules("echo")},
        {"tools": change(RULES, upstream=Upstream(url=f"{URL}/other", spki=PINNED.spki))},
        {"tools": change(RULES, upstream=Upstream(url=URL))},
        {"tools": change(RULES, egress=())},
        {
            "tools": change(
                RULES,
                tools=(change(RULES.tools[0], paths=(PathRule(id="p", argument="/text", below=("/srv",)),)),),
            )
        },
    ],
)
def test_what_needs_files_or_a_process_or_a_pin_is_refused(changes):
    with pytest.raises(RefusedError):
        sealed(replace(REQUEST, **changes))


def test_plain_http_is_for_this_machine():
    for url, good in (("http://127.0.0.1:1/mcp", True), ("http://far.example/mcp", False)):
        request = replace(REQUEST, upstream=url, tools=change(RULES, upstream=Upstream(url=url)))
        if good:
            assert sealed(request).reference.is_remote
        else:
            with pytest.raises(RefusedError):
                sealed(request)


@pytest.mark.parametrize(
    "changes",
    [
        {"minima": Minima(binding=Binding.TREE)},
        {"minima": Minima(assurance=Origin.SITE)},
        {"seal_rules": SealRules(require_claimed=True)},
        {"seal_rules": SealRules(require_bound=True)},
    ],
)
def test_a_trust_file_that_wants_files_is_kept_to(changes):
    with pytest.raises(AttestError):
        sealed(trust=trust_of(change(make_trust_file(), **changes)))


def test_files_that_are_given_up_are_a_downgrade_that_somebody_decided(tmp_path):
    from tests.evidence_story import REFERENCE
    from tests.evidence_story import seal as sign

    before = tmp_path / "before.ref"
    before.write_bytes(sign(REFERENCE)[1])
    request = replace(REQUEST, supersedes=(before,))
    with pytest.raises(RefusedError, match="the weakest file was site and is none"):
        sealed(request)
    made = sealed(replace(request, accept_downgrade="it moved to its vendor"))
    assert made.reference.downgrade is not None
    assert made.reference.validity.sequence == REFERENCE.validity.sequence + 1


def test_a_reference_that_says_both_is_none():
    reference = sealed().reference
    for changes in (
        {"tools": None},
        {"tools": change(RULES, upstream=None)},
        {"tools": change(RULES, upstream=Upstream(url=URL))},
        {"tools": change(RULES, egress=())},
        {"manifest__entries": 1},
        {"measurement__scrub_seconds": 60},
        {"enforcement__on_drift": Action.SUSPEND},
    ):
        with pytest.raises(MalformedError):
            change(reference, **changes).__post_init__()
