"""Trust that is handed on, T9: who was given less of a reference makes no more of it, and has it no longer than that.

What is refused before a start has no call and no receipt: no server is there, and no log. Evidence in its name fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from attest.codec import instant
from attest.signing.dsse import payload_of, read_envelope
from attest.signing.keys import PrivateKey
from attest.statement.companions import attachments_path, manifest_path, parents_path
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE, RuntimeReference
from attest.statement.statement import Statement, payload_digest, read_statement
from attest.trust.making import write_trust
from attest.trust.narrowing import MAX_DEPTH, narrow
from tests.commands import attest, failed, passed
from tests.evidence_story import change, seal
from tests.installed import Bench
from tests.launches import receipts
from tests.portal_world import ALLOWED, make_tool_rules, portal, seal_server
from tests.sessions import opened
from tests.threats.attacks import blocked
from tests.threats.attacks import passed as went_on
from tests.waiting import wait_until
from tests.world import SEALER, SECOND_SEALER, make_key, make_trust_file, write_key_pair

OTHER: Final = make_key("a sealer that nobody named")
SEALERS: Final = (SEALER, SECOND_SEALER, OTHER)
LATER: Final = "2099-01-02T00:00:00.000Z"
END: Final = "2099-01-01T00:00:00.000Z"
"""Of what is sealed."""
END_MS: Final = instant.parse(END)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A server with seven permitted tools, measured every second; and `child.ref`, with one of them."""
    folder = tmp_path_factory.mktemp("handed")
    bench = seal_server(folder, not_after=END_MS, cycle=1)
    write_key_pair(folder, "sealer", SEALER)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file(sealers=SEALERS)))
    words = ("--key", "sealer.key", "--trust", "trust.json", "--tool", "echo", "-o", "child.ref")
    passed(attest(folder, "derive", "server.ref", *words))
    return bench


class Given:
    """What the attacker has: the sub-mandate, its parent, and keys that sign."""

    def __init__(self, folder: Path) -> None:
        self.parent_envelope, self.parent = read(folder / "server.ref")
        self.envelope, self.child = read(folder / "child.ref")

    def signed(self, child: RuntimeReference, *parents: bytes, key: PrivateKey = SEALER) -> list[bytes]:
        """Sign a changed one; without other parents, the real one lies behind it."""
        return [seal(child, key, self.parent.subject)[1], *(parents or (self.parent_envelope,))]

    def wider(self) -> list[bytes]:
        """One more of the parent's tools than the sub-mandate had, and a rule of its own for it."""
        rules = self.parent.predicate.tools
        assert rules is not None
        free = [change(each, condition=None, limits=(), cost=0) for each in rules.tools]
        return self.signed(change(self.child.predicate, tools=change(rules, tools=tuple(free))))

    def more_than_a_parent_has(self) -> list[bytes]:
        """A sub-mandate of the sub-mandate, with what only the grandparent permits."""
        own = payload_digest(read_envelope(self.envelope, where="it"), where="it")
        more = change(self.child.predicate, parent=own, tools=self.parent.predicate.tools)
        return self.signed(more, self.envelope, self.parent_envelope)

    def later(self) -> list[bytes]:
        return self.signed(change(self.child.predicate, validity__not_after=LATER))

    def endless(self) -> list[bytes]:
        return self.signed(change(self.child.predicate, validity__not_after=None))

    def lenient(self) -> list[bytes]:
        return self.signed(change(self.child.predicate, enforcement__audit_only=True))

    def unnamed(self) -> list[bytes]:
        return self.signed(self.child.predicate, key=OTHER)

    def orphan(self) -> list[bytes]:
        return self.signed(self.child.predicate, self.envelope)

    def too_deep(self) -> list[bytes]:
        line, reference = [self.parent_envelope], self.parent.predicate
        for _ in range(MAX_DEPTH + 1):
            digest = payload_digest(read_envelope(line[0], where="it"), where="it")
            reference = narrow(reference, digest, tools=("echo",), not_after=None, sealed_at=END)
            line.insert(0, seal(reference, SEALER, self.parent.subject)[1])
        return line


def read(path: Path) -> tuple[bytes, Statement[RuntimeReference]]:
    octets = path.read_bytes().removesuffix(b"\n")
    payload = payload_of(read_envelope(octets, where=str(path)), where=str(path))
    return octets, read_statement(payload, PREDICATE_TYPE, RuntimeReference, where=str(path))


def write(folder: Path, name: str, envelopes: Sequence[bytes]) -> Path:
    """Write a reference with its parents, its manifest and its build evidence."""
    path = folder / name
    for place in (manifest_path, attachments_path):
        shutil.copy(place(folder / "server.ref"), place(path))
    parents_path(path).write_bytes(b"".join(each + b"\n" for each in envelopes[1:]))
    path.write_bytes(envelopes[0] + b"\n")
    return path


ATTACKS: Final[dict[str, Callable[[Given], list[bytes]]]] = {
    each.__name__: each
    for each in (
        Given.wider,
        Given.more_than_a_parent_has,
        Given.later,
        Given.endless,
        Given.lenient,
        Given.unnamed,
        Given.orphan,
        Given.too_deep,
    )
}


@pytest.mark.parametrize("how", ATTACKS)
def test_t9_a_sub_mandate_that_is_more_than_it_was_given_starts_nothing(bench: Bench, how: str) -> None:
    envelopes = ATTACKS[how](Given(bench.folder))
    write(bench.folder, "attack.ref", envelopes)
    keys = ("--trust", "trust.json", "--key", "writer.key", "--log", "attacked")
    for verb in ("portal", "run", "agent"):
        done = attest(bench.folder, verb, "attack.ref", *keys)
        assert done.returncode == 4, done.stderr
    assert not (bench.folder / "attacked").exists()
    words = ("--trust", "trust.json", "--reference", "attack.ref", "--format", "json")
    assert "authenticity.sub-mandate" in failed(attest(bench.folder, "verify", "attack.ref", *words))
    write(bench.folder, "twin.ref", [Given(bench.folder).envelope, Given(bench.folder).parent_envelope])
    passed(attest(bench.folder, "agent", "twin.ref", *keys[:4], "--log", f"twin-{how}", "--once"))


def test_t9_what_was_not_handed_on_is_not_called() -> None:
    talk = opened(rules=make_tool_rules("echo"))
    blocked(talk, "tool.unknown", talk.call(1, "seen"))
    went_on(talk, talk.call(2, "echo"))
    parent = opened(rules=make_tool_rules(*ALLOWED))
    went_on(parent, parent.call(1, "seen"))


def test_t9_a_parent_that_is_revoked_ends_the_calls(bench: Bench) -> None:
    keys = ("--trust", "trust.json", "--key", "sealer.key")
    passed(attest(bench.folder, "revoke", "--list", *keys, "-o", "known.jsonl"))
    passed(attest(bench.folder, "revoke", "server.ref", *keys, "-o", "server.revoked"))
    numbers = count(1)
    with portal(bench, "--revocations", "known.jsonl", ref="child.ref") as client:
        client.open()
        assert "result" in client.call(next(numbers), "echo", "before")
        (bench.folder / "server.revoked").replace(bench.folder / "known.jsonl")
        # A call in the very moment is refused without a receipt of its own: what it relied on holds no more.
        refused = wait_until(lambda: client.call(next(numbers), "echo").get("error"), pause=0.1)
        assert refused is not None
        assert refused["data"]["rule"] in {"reference.revoked", "measurement.drift"}
        assert client.call(next(numbers), "echo")["error"]["data"]["rule"] == "reference.revoked"
        client.close()
    *_, denial = (each["predicate"]["denial"] for each in receipts(bench) if "denial" in each["predicate"])
    assert (denial["rule"], denial["enforced"]) == ("reference.revoked", True)
