"""Evidence by writers of every algorithm: what holds of the small signatures holds of the large ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from attest.codec import instant
from attest.codec.octets import from_base64, to_base64
from attest.evidence.grammar import Tier, entry_parts
from attest.evidence.verdict import Verdict
from attest.evidence.verify.entries import EntryReader
from attest.signing.algorithms import ALGORITHMS
from attest.signing.dsse import read_envelope
from attest.signing.keys import PrivateKey, generate
from tests.evidence_story import REFERENCE, Story, change, failing, judge, rewrite, seal
from tests.ml_dsa_keys import key_of
from tests.world import make_trust_file, trust_of

SEALERS: Final = {name: generate(ALGORITHMS[name]) for name in ALGORITHMS}


@pytest.fixture(params=ALGORITHMS, scope="module")
def writer(request: pytest.FixtureRequest) -> PrivateKey:
    return generate(ALGORITHMS[request.param])


@pytest.fixture(scope="module")
def lines(writer: PrivateKey, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return told(writer, tmp_path_factory.mktemp("log"))


def told(writer: PrivateKey, folder: Path, tier: Tier = Tier.RECEIPTS) -> list[bytes]:
    reference = change(REFERENCE, writers=(writer.keyid,))
    sealer = SEALERS[writer.algorithm.name]
    with Story(folder / "log", reference=reference, writer=writer, sealer=sealer) as story:
        story.start().measure(3)
        return story.measure(2).stop().export(tier)


def verdict_of(lines: list[bytes], writer: PrivateKey, **changes: Any) -> Verdict:
    sealer = SEALERS[writer.algorithm.name]
    digest, _ = seal(change(REFERENCE, writers=(writer.keyid,)), sealer)
    trust = trust_of(make_trust_file(sealers=(sealer,), writers=(writer,)))
    return judge(lines, trust=trust, references=(digest,), **changes)


def edited(place: Callable[[Any], Any], name: str, edit: Callable[[bytes], bytes]) -> Callable[[Any], None]:
    def change_it(line: Any) -> None:
        at = place(line)
        at[name] = to_base64(edit(from_base64(at[name], where="vector")))

    return change_it


def flip(octets: bytes, at: int) -> bytes:
    return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]


def test_honest_evidence_passes_at_every_tier(writer, lines, tmp_path):
    assert verdict_of(lines, writer).passed
    assert verdict_of(told(writer, tmp_path, Tier.FULL), writer).passed


def test_its_receipts_are_read_alike_in_full_and_by_a_mould(lines):
    reader = EntryReader()
    found = [reader.read(line, "here") for line in lines if line.startswith(b'{"entry"')]
    assert any(parts.pieces for parts in found), "measurements of one run are alike"
    for parts, line in zip(found, (line for line in lines if line.startswith(b'{"entry"')), strict=True):
        assert parts.envelope == read_envelope(entry_parts(line)[1], where="here")


@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_changed_byte_of_a_receipts_signature_is_found(writer, lines, at):
    forge = edited(lambda line: line["receipt"]["signatures"][0], "sig", lambda octets: flip(octets, at))
    assert "authenticity.receipts" in failing(verdict_of(rewrite(lines, "entry", forge, 2), writer))


@pytest.mark.parametrize("at", [4, 11, 12, -1])
def test_a_changed_byte_of_a_checkpoints_signature_is_found(writer, lines, at):
    def forge(line: Any) -> None:
        head, _, written = line["note"].rpartition(" ")
        line["note"] = f"{head} {to_base64(flip(base64.b64decode(written), at))}\n"

    assert "authenticity.checkpoint" in failing(verdict_of(rewrite(lines, "checkpoint", forge), writer))


def test_a_checkpoint_names_the_time_of_the_last_entry(tmp_path):
    lines = told(key_of("ml-dsa-44"), tmp_path)
    note = next(json.loads(line)["note"] for line in lines if b'"kind":"checkpoint"' in line)
    last = [json.loads(line)["entry"]["time"] for line in lines if line.startswith(b'{"entry"')][-1]
    assert int.from_bytes(base64.b64decode(note.rpartition(" ")[2])[4:12]) == instant.parse(last) // 1000
