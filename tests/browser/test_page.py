"""The page in a real browser: honest ones turn green, and whatever was changed turns red and says what."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from attest.codec.octets import from_base64
from attest.evidence.grammar import Tier
from attest.fetch.anchoring import anchor_log
from attest.signing.algorithms import ALGORITHMS
from attest.signing.keys import generate
from attest.statement.predicates.runtime_reference import SignerIdentity
from benchmarks.material import Material, end_of
from tests import certified
from tests.browser.world import Browser, install_browser
from tests.calls_story import GOVERNED, CallStory
from tests.certified import IDENTITY, ISSUER, JOB_KEY, attest_key
from tests.documents import PROVENANCE
from tests.documents import REFERENCE_DIGEST as BENCHMARK_REFERENCE
from tests.documents import TRUST_FILE as DOCUMENTS_TRUST_FILE
from tests.evidence_story import REFERENCE as SEALED
from tests.evidence_story import REFERENCE_ENVELOPE, Story, ask, change, export_all, honest, reseal, rewrite, seal
from tests.log_documents import PROOF
from tests.pages import facts_in, page_of, unjudged, with_evidence, with_facts
from tests.time_stamping import TRUST as STAMPS
from tests.time_stamping import serving, stamping
from tests.world import NOW, STRANGER, make_trust_file, trust_of

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("npm") is None, reason="no npm at hand"),
]


DOCUMENTS_TRUST = trust_of(DOCUMENTS_TRUST_FILE)
VECTORS = sorted((Path(__file__).parents[1] / "vectors/bundle").glob("*.jsonl"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Browser:
    return install_browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def lines(tmp_path_factory) -> list[bytes]:
    return honest(tmp_path_factory.mktemp("honest"), cycles=5)


@pytest.fixture(scope="module")
def page(lines: list[bytes]) -> bytes:
    return page_of(lines)


def failed(found: dict) -> set[str]:
    return {name for name, word in found["recheck"].items() if word == "fail"}


def test_an_honest_page_turns_green_and_asks_nobody_for_anything(browser: Browser, page: bytes) -> None:
    found = browser.play("open", page)
    assert (found["word"], found["state"]) == ("Passed", "good")
    assert set(found["recheck"].values()) == {"pass", "none here"}
    assert found["live"].startswith("Passed. Holds.")
    assert found["receipts"] == 7
    assert found["errors"] == []
    document, *others = found["requests"]
    assert document.startswith("file://")
    assert {address.partition(":")[0] for address in others} == {"blob"}


def test_evidence_that_failed_is_red_though_every_signature_holds(browser: Browser, tmp_path: Path) -> None:
    with Story(tmp_path) as story:
        story.start().measure(2)
        story.act(story.violate())
        found = browser.play("open", page_of(story.stop().export()))
    assert (found["word"], found["state"], failed(found)) == ("Failed", "bad", set())
    assert "changed tree/server.py" in found["failed"]
    assert "More about conformance.matched" in found["failed"]


def test_checks_that_were_not_reached_are_told_in_one_line(browser: Browser, lines: list[bytes]) -> None:
    found = browser.play("open", page_of(lines[:5]))
    assert "Not reached, and so failed: " in found["failed"]
    assert "More about integrity.tree" not in found["failed"]


def test_text_that_runs_backwards_or_ends_lines_is_spelled_out(browser: Browser, tmp_path: Path) -> None:
    server = change(SEALED.server, name="ser\u202ever\u0085\u2028")
    with Story(tmp_path, reference=change(SEALED, server=server)) as story:
        story.start().measure(2)
        story.act(story.violate())
        lines = story.stop().export()
    found = browser.play("open", page_of(lines, file="evil\u202e.jsonl"))
    assert "evil\\u{202e}.jsonl" in found["title"]
    assert "about ser\\u{202e}ver\\u{0085}\\u{2028}" in found["seen"]
    assert set("\u202e\u0085\u2028").isdisjoint(found["seen"])


def test_without_keys_nothing_is_green(browser: Browser, lines: list[bytes]) -> None:
    found = browser.play("open", unjudged(lines))
    assert (found["word"], found["state"]) == ("Not judged", "part")
    assert found["recheck"]["authenticity.receipts"] == "not checked"
    assert found["recheck"]["integrity.tree"] == "pass"


def payload_byte(line: dict) -> None:
    line["receipt"]["payload"] = line["receipt"]["payload"].replace("IjoiaHR0", "IjoiaHR1", 1)


def signature_byte(line: dict) -> None:
    signature = line["receipt"]["signatures"][0]
    signature["sig"] = signature["sig"][::-1].replace("==", "", 1)[: len(signature["sig"]) - 2] + "=="


TAMPERED = {
    "a byte of a receipt": ("entry", payload_byte, {"integrity.commitment", "authenticity.receipts"}),
    "the signature of a receipt": ("entry", signature_byte, {"integrity.commitment", "authenticity.receipts"}),
    "a time": ("entry", lambda line: line["entry"].update(time="2026-11-22T11:59:00.000Z"), {"integrity.tree"}),
    "the name of a reference": ("reference", lambda line: line.update(digest="f" * 64), {"authenticity.references"}),
    "a piece of evidence": ("build-evidence", lambda line: line.update(bytes="e30="), {"integrity.evidence"}),
    "the tree's root": (
        "checkpoint",
        lambda line: line.update(note=line["note"].replace("\n7\n", "\n8\n")),
        {"integrity.tree", "authenticity.checkpoint"},
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_whatever_is_changed_turns_red_and_is_named(browser: Browser, page: bytes, lines: list[bytes], name) -> None:
    kind, edit, expected = TAMPERED[name]
    found = browser.play("open", with_evidence(page, rewrite(lines, kind, edit, index=0 if kind != "entry" else 3)))
    assert (found["word"], found["state"]) == ("Broken", "bad")
    assert failed(found) >= expected
    assert all(each in found["failed"] for each in failed(found))
    assert "do not rely on this page" in found["here"]
    assert "broken here" in found["axes"]


def test_a_dropped_entry_is_missed(browser: Browser, page: bytes, lines: list[bytes]) -> None:
    at = next(number for number, line in enumerate(lines) if b'"sequence":3,' in line)
    found = browser.play("open", with_evidence(page, reseal([*lines[:at], *lines[at + 1 :]])))
    assert failed(found) >= {"integrity.entry-chain", "integrity.tree", "page.counts"}
    assert found["broken"] == 3, "this one and all behind it"
    assert "an entry is missing, doubled or moved" in found["failed"]


def test_a_page_that_was_cut_does_not_hold(browser: Browser, page: bytes, lines: list[bytes]) -> None:
    found = browser.play("open", with_evidence(page, lines[:-3]))
    assert failed(found) >= {"integrity.end-line"}


def test_other_bytes_than_the_page_was_made_of_are_told(browser: Browser, page: bytes) -> None:
    content = {**facts_in(page)["content"], "sha256": "0" * 64}
    assert failed(browser.play("open", with_facts(page, content=content))) == {"page.content"}


def test_a_checkpoint_of_another_log_is_not_taken(browser: Browser, page: bytes, lines, tmp_path: Path) -> None:
    other = next(line for line in honest(tmp_path, cycles=5) if b'"kind":"checkpoint"' in line)
    note = json.loads(other)["note"]
    found = browser.play("open", with_evidence(page, rewrite(lines, "checkpoint", lambda line: line.update(note=note))))
    assert failed(found) == {"integrity.tree", "authenticity.checkpoint"}


def test_receipts_by_another_key_are_not_signed_as_they_have_to_be(browser: Browser, page, tmp_path: Path) -> None:
    found = browser.play("open", with_evidence(page, honest(tmp_path, cycles=5, writer=STRANGER)))
    assert failed(found) == {"authenticity.receipts", "authenticity.checkpoint"}


def test_a_page_that_brings_its_own_keys_shows_which(browser: Browser, tmp_path: Path) -> None:
    """Nobody can tell it from an honest one but by the ids of its keys: it says so, and how to do better."""
    trust = trust_of(make_trust_file(sealers=(STRANGER,)))
    lines = honest(tmp_path, sealer=STRANGER)
    found = browser.play("open", page_of(lines, ask(trust=trust)))
    assert found["state"] == "good"
    assert STRANGER.public.keyid in found["limits"]
    assert trust.digest in found["own"]
    assert "proves nothing about its maker" in found["limits"]


def test_signatures_of_ecdsa_keys_hold_and_bad_ones_do_not(browser: Browser, tmp_path: Path) -> None:
    key = generate(ALGORITHMS["ecdsa-p256"])
    reference = change(SEALED, writers=(key.keyid,))
    trust = trust_of(make_trust_file(writers=(key,)))
    lines = honest(tmp_path, writer=key, reference=reference)
    (digest,) = {json.loads(line)["digest"] for line in lines if b'"kind":"reference"' in line}
    page = page_of(lines, ask(trust=trust, references=(digest,)))
    assert browser.play("open", page)["state"] == "good"
    assert failed(browser.play("open", with_evidence(page, rewrite(lines, "entry", signature_byte, 2)))) == {
        "integrity.commitment",
        "authenticity.receipts",
    }


@pytest.mark.parametrize("name", ["ml-dsa-44", "ml-dsa-87"])
def test_signatures_of_ml_dsa_keys_are_said_not_to_be_checked(browser: Browser, tmp_path: Path, name: str) -> None:
    """Neither as good nor as bad, changed or not; everything else is checked all the same."""
    key = generate(ALGORITHMS[name])
    reference = change(SEALED, writers=(key.keyid,))
    trust = trust_of(make_trust_file(writers=(key,)))
    lines = honest(tmp_path, writer=key, reference=reference)
    (digest,) = {json.loads(line)["digest"] for line in lines if b'"kind":"reference"' in line}
    page = page_of(lines, ask(trust=trust, references=(digest,)))
    found = browser.play("open", page)
    assert (found["word"], found["state"], failed(found)) == ("Passed", "part", set())
    assert f"this page cannot check {name} signatures" in found["here"]
    for check in ("authenticity.receipts", "authenticity.checkpoint"):
        assert found["recheck"][check] == "not checked"
    assert found["recheck"]["authenticity.references"] == "pass"
    edited = browser.play("open", with_evidence(page, rewrite(lines, "entry", signature_byte, 2)))
    assert failed(edited) == {"integrity.commitment"}
    assert edited["state"] != "good"


def test_a_reference_by_an_ml_dsa_sealer_is_left_unchecked_and_its_receipts_are_not(browser: Browser, tmp_path) -> None:
    sealer = generate(ALGORITHMS["ml-dsa-65"])
    trust = trust_of(make_trust_file(sealers=(sealer,)))
    lines = honest(tmp_path, sealer=sealer)
    found = browser.play("open", page_of(lines, ask(trust=trust)))
    assert (found["state"], failed(found)) == ("part", set())
    assert found["recheck"]["authenticity.references"] == "not checked"
    assert found["recheck"]["authenticity.receipts"] == found["recheck"]["authenticity.checkpoint"] == "pass"


def test_a_key_that_a_job_made_for_itself_opens_what_it_signed(browser: Browser, tmp_path: Path) -> None:
    job = SignerIdentity(identity=IDENTITY.identity, issuer=ISSUER)
    sealed = change(SEALED, writer_identities=(job,), writers=())
    with Story(tmp_path, reference=sealed, writer=JOB_KEY, attestation=attest_key()) as story:
        lines = story.start().measure(2).stop().export()
    page = page_of(lines, ask(trust=certified.TRUST, references=(seal(sealed)[0],)))
    found = browser.play("open", page)
    assert (found["state"], found["recheck"]["authenticity.writer-certificate"]) == ("good", "pass")
    assert JOB_KEY.public.keyid in found["limits"]
    edited = rewrite(lines, "certified-writer", lambda line: line.update(attestation="e30="))
    assert failed(browser.play("open", with_evidence(page, edited))) == {"authenticity.writer-certificate"}


def test_a_browser_without_ed25519_says_so_and_stays_colourless(browser: Browser, page: bytes) -> None:
    lacking = b'crypto.subtle.importKey = () => Promise.reject(new DOMException("", "NotSupportedError"));'
    found = browser.play("open", page.replace(b'id="worker">\n"use strict";', b'id="worker">\n"use strict";' + lacking))
    assert (found["word"], found["state"]) == ("Passed", "part")
    assert "this browser cannot check Ed25519 signatures" in found["here"]
    assert found["recheck"]["authenticity.receipts"] == "not checked"


def test_hostile_words_are_shown_as_words(browser: Browser, tmp_path: Path) -> None:
    hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    with Story(tmp_path) as story:
        lines = story.start(context={"note": hostile}).measure(1).stop().export()
    found = browser.play("open", page_of(lines, file=hostile))
    assert found["markup"] == 0
    assert found["errors"] == []
    assert hostile in found["title"]


def test_a_part_of_a_log_begins_where_it_says(browser: Browser, tmp_path: Path) -> None:
    with Story(tmp_path) as story:
        story.start().measure(3)
        pinned = story.checkpoint()
        lines = story.measure(2).stop().export(since=pinned)
    page = page_of(lines, ask(checkpoints=(pinned,)))
    assert browser.play("open", page)["state"] == "good"
    edited = rewrite(lines, "log", lambda line: line["previousProof"].reverse())
    assert "integrity.start" in failed(browser.play("open", with_evidence(page, edited)))


def test_every_vector_of_a_bundle_holds_or_does_not_as_verify_says(browser: Browser, page: bytes, tmp_path) -> None:
    """Of form and links, that is: the very bytes of `tests/vectors`, without a verdict that would say so anyway."""
    for vector in VECTORS:
        lines = vector.read_bytes().splitlines(keepends=True)
        # A verdict over other evidence: what is found is found by the browser alone.
        told = with_facts(page_of(lines, ask(trust=DOCUMENTS_TRUST)), verdict=None)
        (tmp_path / f"{vector.stem}.html").write_bytes(told)
    found = browser.play("many", page, out=tmp_path)["found"]
    assert len(found) == len(VECTORS) > 100
    assert [name for name, word in found.items() if name.startswith("bad-") and word.startswith("Holds")] == []
    # Of full, only the form is good: its disclosure opens nothing. A key of a job needs a verdict.
    unlike = {"good-full": "Does not hold: ", "good-certified-writer": "Only in part. "}
    good = {name: word for name, word in found.items() if name.startswith("good")}
    assert good == dict.fromkeys(good, "Holds. ") | unlike


@pytest.mark.parametrize("tier", Tier)
def test_every_tier_can_be_checked_again(browser: Browser, tmp_path: Path, tier: Tier) -> None:
    with CallStory(tmp_path) as story:
        story.open().answered().match()
        story.deny(story.call("set_time"))
        lines = story.match().stop().export(tier)
    page = page_of(lines, ask(references=(seal(GOVERNED)[0],), tier=tier))
    found = browser.play("open", page)
    assert failed(found) == set()
    assert found["recheck"]["integrity.tree"] == found["recheck"]["authenticity.checkpoint"] == "pass"
    opened = found["recheck"]["integrity.disclosures"]
    assert opened == ("pass" if tier is Tier.FULL else "none here")
    if tier is Tier.FULL:
        edited = rewrite(lines, "disclosure", lambda line: line.update(value="e30="))
        assert failed(browser.play("open", with_evidence(page, edited))) == {"integrity.disclosures"}


def test_what_was_disclosed_of_a_call_stands_beside_its_receipt_as_the_bytes_it_is(
    browser: Browser, tmp_path: Path
) -> None:
    with CallStory(tmp_path) as story:
        lines = story.open().answered().match().stop().export(Tier.FULL)
    values = [from_base64(json.loads(line)["value"], where="value") for line in lines if b'"disclosure"' in line]
    told = browser.play("receipts", page_of(lines, ask(references=(seal(GOVERNED)[0],), tier=Tier.FULL)))["told"]
    disclosed = [each for each in told if each["disclosed"] is not None]
    assert [each["disclosed"].encode() for each in disclosed] == values != []
    assert all(each["headings"][0] == "What was disclosed" for each in disclosed)
    assert len(told) > len(disclosed)
    edited = rewrite(lines, "disclosure", lambda line: line.update(value="e30="))
    told = browser.play("receipts", page_of(edited))["told"]
    assert [each["disclosed"].encode() for each in told if each["disclosed"] is not None] == values[1:]


def test_several_logs_stand_in_one_page(browser: Browser, tmp_path: Path) -> None:
    with Story(tmp_path / "one") as one, Story(tmp_path / "two") as two:
        lines = export_all([one.start().measure(2).stop(), two.start().measure(3).stop()])
    found = browser.play("open", page_of(lines))
    assert (failed(found), found["receipts"]) == (set(), 9)


def test_anchors_are_counted_and_nobody_says_that_they_were_checked(browser: Browser, tmp_path: Path) -> None:
    with Story(tmp_path) as story:
        story.start().measure(2).checkpoint()
        with serving(stamping()) as url:
            anchor_log(tmp_path, url, STAMPS, now=lambda: NOW)
        lines = story.stop().export()
    found = browser.play("open", page_of(lines, ask(trust=STAMPS)))
    assert (found["word"], found["state"], failed(found)) == ("Passed", "good", set())
    assert "holds 1 time stamp over its checkpoints; who stamped, and what, is not checked" in found["limits"]


def test_a_proof_of_a_receipts_place_is_not_followed(browser: Browser) -> None:
    found = browser.play("open", page_of(PROOF.splitlines(keepends=True)))
    assert found["recheck"] == {"page.content": "pass", "authenticity.document": "not checked"}


def test_a_single_reference_is_checked_and_evidence_of_others_is_not(browser: Browser) -> None:
    found = browser.play("open", page_of([REFERENCE_ENVELOPE]))
    assert found["recheck"] == {"page.content": "pass", "authenticity.document": "pass"}
    found = browser.play("open", page_of([PROVENANCE]))
    assert found["recheck"]["authenticity.document"] == "not checked"
    assert found["state"] != "good"


def test_a_hundred_thousand_receipts_never_keep_anybody_waiting(browser: Browser, tmp_path: Path) -> None:
    material = Material(folder=tmp_path)
    receipts = 100_000
    question = ask(at=end_of(receipts), references=(BENCHMARK_REFERENCE,))
    with material.bundle(receipts).open("rb") as file:
        page = page_of(file, question)
    found = browser.play("large", page)
    assert found["all"] == "100,000 receipts"
    assert found["end"] == "99,999"
    assert found["found"] == "1 of 100,000 receipts"
    assert found["tasks"] > 100
    assert found["task"] < 200, "milliseconds of the processor, the longest task of the page"


def test_everything_can_be_done_without_a_mouse(browser: Browser, page: bytes) -> None:
    found = browser.play("keys", page)
    texts = [each["text"] for each in found["walk"]]
    assert texts[0] == "Skip to the findings"
    assert {"Timeline", "Receipts", "Dark", "Copy", "The same as a table"} <= set(texts)
    assert (found["moved"]["at"], found["last"]["at"], found["first"]["at"]) == ("3", "6", "0")
    assert found["dialog"]["open"]
    assert '"kind": "start"' in found["dialog"]["text"]
    assert found["closed"]
    assert found["back"]["at"] == "0"


def test_it_is_light_and_dark_wide_and_narrow_and_printed(browser: Browser, page: bytes, tmp_path: Path) -> None:
    found = browser.play("looks", page, out=tmp_path)
    assert found["light"]["ground"] != found["dark"]["ground"] == found["toggled"]
    assert [found[name]["wider"] for name in ("light", "dark", "phone")] == [0, 0, 0]
    assert found["print"] == {"buttons": False, "nav": False, "note": True, "ground": "rgba(0, 0, 0, 0)"}
    assert (tmp_path / "print.pdf").read_bytes().startswith(b"%PDF")


def test_axe_finds_no_fault(browser: Browser, page: bytes, lines: list[bytes], tmp_path: Path) -> None:
    with Story(tmp_path) as story:
        story.start().measure(2)
        story.act(story.violate())
        drifted = page_of(story.stop().export())
    tampered = with_evidence(page, rewrite(lines, "entry", payload_byte, 3))
    for each in (page, drifted, tampered):
        found = browser.play("axe", each)
        assert (found["light"]["violations"], found["dark"]["violations"]) == ([], [])
        assert found["light"]["passes"] > 30
