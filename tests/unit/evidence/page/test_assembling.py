"""The page as text: nothing of the evidence is markup, nothing can be loaded, and every file of ours is in it."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from attest.evidence.grammar import BUNDLE_SCHEMA
from attest.evidence.page import scripts
from attest.statement.predicate_type import PREDICATE_BASE
from tests.evidence_story import Story, honest
from tests.pages import Elements, evidence_in, page_of, unjudged

HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'--><!--<script>@@script@@{{7*7}}"
PROGRAMS = {"shared": scripts.SHARED, "worker": scripts.WORKER, "view": scripts.VIEW, "styles": scripts.STYLES}


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy_of(page: bytes) -> dict[str, str]:
    (content,) = re.findall(rb'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    return dict(part.strip().partition(" ")[::2] for part in content.decode().split(";"))


def test_hostile_words_in_the_evidence_are_no_markup(tmp_path: Path) -> None:
    plain = page_of(honest(tmp_path / "plain", cycles=1))
    with Story(tmp_path / "hostile") as story:
        lines = story.start(context={"note": HOSTILE}).measure(1).stop().export()
    page = page_of(lines, file=HOSTILE)
    assert evidence_in(page) == b"".join(lines)
    assert Elements(page).found == Elements(plain).found
    assert b"alert(1)" not in page


def test_the_policy_allows_our_style_and_our_script_and_nothing_that_is_fetched(tmp_path: Path) -> None:
    page = page_of(honest(tmp_path))
    policy = policy_of(page)
    (style,) = [text for tag, text in Elements(page).texts if tag == "style"]
    (script,) = [text for tag, text in Elements(page).texts if tag == "script"]
    assert policy == {
        "default-src": "'none'",
        "script-src": hash_of(script),
        "style-src": hash_of(style),
        "worker-src": "blob:",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "attest",
    }


def test_the_page_loads_nothing_and_names_no_address_but_those_of_formats(tmp_path: Path) -> None:
    page = page_of(honest(tmp_path))
    assert set(re.findall(rb"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`]*", page)) == {
        b"http://www.w3.org/2000/svg",
        BUNDLE_SCHEMA.encode(),
        PREDICATE_BASE.encode(),
    }
    loaded = {value for _, attributes in Elements(page).found for name, value in attributes if name in {"src", "href"}}
    assert loaded == {"data:,", "#main"}


@pytest.mark.parametrize("folder", PROGRAMS)
def test_every_file_is_in_the_page_once(folder: str) -> None:
    there = {path.stem for path in (scripts.ASSETS / folder).iterdir()}
    assert sorted(there) == sorted(PROGRAMS[folder])


@pytest.mark.parametrize("path", sorted(scripts.ASSETS.glob("*/*.js")), ids=lambda path: path.name)
def test_no_script_makes_markup_of_text_or_reaches_a_network(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function"
    network = r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|\bimport\b"
    assert not re.search(f"{markup}|{network}", text)
    assert "</script" not in text
    assert "<!--" not in text
    assert "@@" not in text
    assert text.startswith("// "), "a file says what it is"
    assert max(map(len, text.splitlines())) <= 120
    assert len(text.splitlines()) <= 250


def test_without_a_trust_file_nothing_is_judged_and_no_key_is_there(tmp_path: Path) -> None:
    from tests.pages import facts_in

    facts = facts_in(unjudged(honest(tmp_path)))
    assert facts["verdict"] is None
    assert facts["keys"] == []
