"""Vectors of the formats that are JSON and signed nowhere themselves: statements, log entry, manifest, trust file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from attest.codec import canonical
from attest.codec.octets import sha256_hex, to_base64
from attest.signing.keys import PrivateKey
from attest.statement.manifest import MAX_LINE_BYTES
from attest.tlog.entry import MAX_ENTRY_BYTES
from scripts.faults import (
    Fault,
    Places,
    base64_faults,
    float_for_integer,
    form_faults,
    json_faults,
    path_faults,
    value_at,
    value_faults,
    with_value,
    without,
)
from scripts.vector import Vector, bad, good
from tests.call_documents import WITH_LEAST_RULES
from tests.documents import MANIFEST, REVOCATION_LIST_PAYLOAD, TRUST, WHEEL, after
from tests.log_documents import LOG
from tests.predicate_documents import PAYLOADS
from tests.remote_documents import REMOTE_MANIFEST
from tests.world import BUILDER, SEALER, STRANGER

RECEIPT: Final = Places(
    text=("predicate", "receipt", "logOrigin"),
    integer=("predicate", "receipt", "sequence"),
    time=("predicate", "receipt", "realTime"),
    digest=("predicate", "receipt", "writer"),
    word=("predicate", "receipt", "binding"),
)

STATEMENTS: Final[dict[str, Places]] = {
    "runtime-reference": Places(
        text=("predicate", "server", "name"),
        integer=("predicate", "validity", "sequence"),
        time=("predicate", "sealedAt"),
        digest=("predicate", "writers", 0),
        word=("predicate", "enforcement", "onDrift"),
    ),
    "runtime-event": RECEIPT,
    "runtime-measurement": RECEIPT,
    "runtime-violation": RECEIPT,
    "tool-permit": RECEIPT,
    "tool-denial": RECEIPT,
    "caller-drift": RECEIPT,
    "runtime-revocation": Places(
        text=("predicate", "revocation", "reason"),
        time=("predicate", "signedAt"),
        digest=("predicate", "revocation", "digest"),
        word=("predicate", "revocation", "kind"),
    ),
}

PROGRAM: Final = {"path": "{runtime}/bin/python3.12", "sha256": WHEEL.sha256}
RUNTIME: Final = {"name": "cpython-3.12", "sequence": 2}

WINDOW: Final = {
    "beganAt": "2026-11-22T11:59:20.000Z",
    "first": 30,
    "head": WHEEL.sha256,
    "largestGapMilliseconds": 10_050,
    "last": 35,
}

NO_DAY: Final = "2026-02-30T12:00:00.000Z"

ENTRY: Final = Places(text=("origin",), integer=("sequence",), time=("time",), digest=("commitment",))
TRUST_PLACES: Final = Places(
    text=("builders", 0, "id"),
    integer=("version",),
    time=("expires",),
    digest=("sealers", 0, "keyid"),
    word=("minima", "binding"),
)


def statements() -> Iterator[Vector]:
    """Yield the payloads of statements."""
    for kind, places in STATEMENTS.items():
        payload = PAYLOADS[kind]
        yield from good("good", payload, kind)
        yield from bad(kind, strict_faults(payload, places))
        yield from bad(kind, _statement_faults(payload))
    yield from _with_parameters()
    yield from _with_runtimes()
    yield from _with_windows()
    yield from _with_parents()
    yield from bad("runtime-reference", _reference_faults(PAYLOADS["runtime-reference"]))
    yield from bad("runtime-violation", _violation_faults(PAYLOADS["runtime-violation"]))
    yield from bad("runtime-event", _event_faults(PAYLOADS["runtime-event"]))
    yield from _revocation_lists()


def strict_faults(octets: bytes, places: Places) -> Iterator[Fault]:
    """Yield all faults of a document of ours that has to be in RFC 8785 form."""
    yield from json_faults(octets, places)
    yield from form_faults(octets, places)
    yield from value_faults(octets, places)
    if places.integer is not None:
        yield float_for_integer(octets, places.integer)


def _statement_faults(payload: bytes) -> Iterator[Fault]:
    own = json.loads(payload)["predicateType"]
    other = own.replace("/v0.1", "/v0.2")
    yield "line-feed-at-the-end", payload + b"\n"
    yield "wrong-statement-type", with_value(payload, ("_type",), "https://in-toto.io/Statement/v0.1")
    yield "wrong-predicate-type", with_value(payload, ("predicateType",), other)
    yield "no-subject", with_value(payload, ("subject",), [])
    yield "subject-without-digest", with_value(payload, ("subject", 0, "digest"), {})
    yield "subject-of-a-weak-digest", with_value(payload, ("subject", 0, "digest"), {"md5": "0" * 32})
    yield "subject-of-null", with_value(payload, ("subject", 0, "digest", "sha256"), None)
    yield "predicate-missing", without(payload, ("predicate",))
    yield "predicate-empty", with_value(payload, ("predicate",), {})


def _reference_faults(payload: bytes) -> Iterator[Fault]:
    def put(*place: str | int, value: object) -> bytes:
        return with_value(payload, ("predicate", *place), value)

    yield "valid-until-before-it-begins", put("validity", "notAfter", value="2026-11-22T11:59:59.999Z")
    yield "gap-below-the-cycle", put("measurement", "maxGapSeconds", value=9)
    yield "cycle-of-no-length", put("measurement", "cycleSeconds", value=0)
    yield "cycle-of-ages", put("measurement", "cycleSeconds", value=400_000_000)
    yield "no-writer", put("writers", value=[])
    yield "name-of-two-lines", put("server", "name", value="a\nb")
    yield "name-too-long", put("server", "name", value="a" * 4097)
    yield "root-name-with-slash", put("places", 0, "name", value="a/b")
    yield "optional-null", put("server", "version", value=None)
    yield "unclaimed-files-not-named", put("unclaimed", "files", value=2)
    yield "more-named-than-unclaimed", put("unclaimed", "files", value=0)
    argv = ["{tree}/bin/server", "--key", "KEY"]
    for name, parameters in (
        ("parameter-for-the-program", [0]),
        ("parameter-behind-the-arguments", [3]),
        ("parameter-twice", [2, 2]),
        ("parameters-out-of-order", [2, 1]),
    ):
        yield name, put("process", value={"argv": argv, "parameters": parameters})
    yield "program-without-digest", put("program", value={"path": "/bin/python"})
    yield "runtime-without-sequence", put("runtime", value={"name": "cpython-3.12"})
    both = with_value(put("program", value=PROGRAM), ("predicate", "runtime"), RUNTIME)
    yield "runtime-of-a-runtime", both


def _with_parameters() -> Iterator[Vector]:
    """Yield a reference of a command with a word that only the starter knows."""
    process = {"argv": ["{tree}/bin/server", "--key", "KEY"], "parameters": [2]}
    octets = with_value(PAYLOADS["runtime-reference"], ("predicate", "process"), process)
    yield from good("good-with-a-parameter", octets, "runtime-reference")


def _with_runtimes() -> Iterator[Vector]:
    """Yield the reference of a runtime, that of a server on it, and a measurement of both."""
    reference, measurement = PAYLOADS["runtime-reference"], PAYLOADS["runtime-measurement"]
    runtime = with_value(without(reference, ("predicate", "process")), ("predicate", "program"), PROGRAM)
    yield from good("good-runtime", runtime, "runtime-reference")
    on_it = with_value(reference, ("predicate", "runtime"), RUNTIME)
    yield from good("good-on-a-runtime", on_it, "runtime-reference")
    measured = with_value(measurement, ("predicate", "measured", "runtime"), sha256_hex(runtime))
    yield from good("good-on-a-runtime", measured, "runtime-measurement")


def _with_parents() -> Iterator[Vector]:
    """Yield a reference that names who may derive from it, a sub-mandate, and those that name half or too much."""
    derivers, parent = ("predicate", "derivers"), ("predicate", "parent")
    named = with_value(WITH_LEAST_RULES, derivers, [STRANGER.keyid])
    child = with_value(
        with_value(with_value(named, parent, sha256_hex(named)), ("predicate", "tools", "tools"), []),
        ("predicate", "sealedAt"),
        after(3600),
    )
    yield from good("good-with-a-deriver", named, "runtime-reference")
    yield from good("good-sub-mandate", child, "runtime-reference")
    both = sorted((STRANGER.keyid, SEALER.keyid))
    faults = (
        ("derivers-unsorted", with_value(named, derivers, both[::-1])),
        ("deriver-twice", with_value(named, derivers, both[:1] * 2)),
        ("deriver-that-is-no-key-id", with_value(named, derivers, ["sealer"])),
        ("derivers-empty", with_value(named, derivers, [])),
        ("parent-null", with_value(child, parent, None)),
        ("parent-by-half-a-digest", with_value(child, parent, "ab" * 16)),
        ("parent-that-is-a-list", with_value(child, parent, [sha256_hex(named)])),
        ("parent-of-another-algorithm", with_value(child, parent, "ab" * 64)),
    )
    yield from bad("runtime-reference", faults)


def _with_windows() -> Iterator[Vector]:
    """Yield a reference that allows windows, a measurement that is one, and those that contradict themselves."""
    reference, measurement = PAYLOADS["runtime-reference"], PAYLOADS["runtime-measurement"]
    rule, place = ("predicate", "measurement", "windowCycles"), ("predicate", "measured", "window")
    yield from good("good-with-windows", with_value(reference, rule, 6), "runtime-reference")
    whole = with_value(measurement, place, WINDOW)
    yield from good("good-window", whole, "runtime-measurement")
    longer, alone = with_value(reference, rule, 7), with_value(reference, rule, 1)
    yield from bad(
        "runtime-reference", (("window-longer-than-the-largest-age", longer), ("window-of-one-cycle", alone))
    )
    faults = (
        ("window-that-ends-before-it-begins", with_value(whole, (*place, "last"), 29)),
        ("window-without-its-head", without(whole, (*place, "head"))),
        ("window-with-half-a-head", with_value(whole, (*place, "head"), "ab" * 16)),
        ("window-from-a-day-that-is-none", with_value(whole, (*place, "beganAt"), NO_DAY)),
        ("window-with-a-negative-gap", with_value(whole, (*place, "largestGapMilliseconds"), -1)),
    )
    yield from bad("runtime-measurement", faults)


def _revocation_lists() -> Iterator[Vector]:
    """Yield lists of revocations, and statements that are neither one revocation nor a list."""
    one, both = PAYLOADS["runtime-revocation"], REVOCATION_LIST_PAYLOAD
    known = ("predicate", "known")
    entries = value_at(both, (*known, "revocations"))
    yield from good("good-list", both, "runtime-revocation")
    yield from good("good-list-of-nothing", with_value(both, (*known, "revocations"), []), "runtime-revocation")
    faults = (
        ("list-and-revocation", with_value(both, ("predicate", "revocation"), entries[0])),
        ("neither-list-nor-revocation", without(one, ("predicate", "revocation"))),
        ("list-in-another-order", with_value(both, (*known, "revocations"), entries[::-1])),
        ("list-of-one-thing-twice", with_value(both, (*known, "revocations"), [entries[0], entries[0]])),
        ("list-with-a-day-that-is-none", with_value(both, (*known, "revocations", 0, "voidFrom"), NO_DAY)),
        ("list-of-null", with_value(both, (*known, "revocations"), None)),
    )
    yield from bad("runtime-revocation", faults)


def _violation_faults(payload: bytes) -> Iterator[Fault]:
    finding = json.loads(payload)["predicate"]["findings"]["findings"][0]
    many = with_value(payload, ("predicate", "findings", "findings"), [{"kind": "extra", "where": "a"}] * 1001)
    yield "too-many-findings", many
    yield (
        "finding-of-unknown-kind",
        with_value(payload, ("predicate", "findings", "findings"), [{**finding, "kind": "odd"}]),
    )
    yield (
        "finding-with-escape-sequence",
        with_value(payload, ("predicate", "findings", "findings"), [{**finding, "where": "a\x1b[2J"}]),
    )


def _event_faults(payload: bytes) -> Iterator[Fault]:
    def put(*place: str | int, value: object) -> bytes:
        return with_value(payload, ("predicate", "event", *place), value)

    yield "nonce-too-short", put("verifierNonce", value="00112233445566")
    yield "nonce-of-half-bytes", put("verifierNonce", value="00112233445566778")
    yield "context-name-with-space", put("context", 0, "name", value="a b")
    yield "context-twice-the-same-field", put("context", 0, "value", value=["a"])
    yield "optional-empty-array", put("context", value=[])


def entries() -> Iterator[Vector]:
    """Yield log entries."""
    entry = LOG[1].entry
    yield from good("good", entry, "log-entry")
    yield from bad("log-entry", strict_faults(entry, ENTRY))
    yield from bad(
        "log-entry", [("line-feed-at-the-end", entry + b"\n"), ("too-large", entry + b" " * MAX_ENTRY_BYTES)]
    )


def trust_files() -> Iterator[Vector]:
    """Yield trust files, which people edit: any layout is good."""
    compact = canonical.encode_value(json.loads(TRUST))
    yield from good("good", TRUST, "trust")
    yield from good("good-in-one-line", compact, "trust")
    yield from good("good-least", b'{"schema":"https://mcp-attest.github.io/schemas/trust/v0.1","version":1}', "trust")
    rules = {"requireBound": True, "requireClaimed": True}
    yield from good("good-seal-rules", with_value(compact, ("sealRules",), rules), "trust")
    identity = {"identity": "https://code.example/team/run.yml@refs/heads/main", "issuer": "https://tokens.example"}
    identities = with_value(compact, ("writerIdentities",), [identity])
    yield from good("good-writer-identities", with_value(identities, ("writerKeySeconds",), 3600), "trust")
    yield from bad("trust", _identity_faults(identities, identity))
    yield from bad("trust", json_faults(compact, TRUST_PLACES))
    yield from bad("trust", value_faults(compact, TRUST_PLACES))
    yield from bad("trust", _trust_faults(compact))
    spki = SEALER.public.spki
    yield from bad("trust", base64_faults(spki, lambda text: with_value(compact, ("sealers", 0, "publicKey"), text)))


def _identity_faults(trust: bytes, identity: dict[str, str]) -> Iterator[Fault]:
    place = ("writerIdentities",)
    yield "writer-identity-twice", with_value(trust, place, [identity, identity])
    yield "writer-identity-without-issuer", without(trust, (*place, 0, "issuer"))
    yield "writer-identity-with-level", with_value(trust, (*place, 0, "maxLevel"), 2)
    yield "writer-identity-and-two-signatures", with_value(trust, ("thresholds",), {"writer": 2})
    anywhere = {**identity, "identity": identity["identity"].partition("@refs")[0]}
    builder = {"id": "b", "identities": [anywhere], "maxLevel": 2}
    yield "identity-in-two-roles", with_value(trust, ("builders",), [builder])
    yield "writer-key-for-no-time", with_value(trust, ("writerKeySeconds",), 0)
    yield "writer-key-for-ever", with_value(trust, ("writerKeySeconds",), 2**40)


def _trust_faults(trust: bytes) -> Iterator[Fault]:
    document = json.loads(trust)
    sealer, builder = document["sealers"][0], document["builders"][0]

    def put(*place: str | int, value: object) -> bytes:
        return with_value(trust, place, value)

    def key(**changes: object) -> bytes:
        return put("sealers", value=[{**sealer, **changes}])

    yield "wrong-schema", put("schema", value=document["schema"].replace("v0.1", "v0.2"))
    yield "version-zero", put("version", value=0)
    yield "key-in-two-roles", put("writers", value=[sealer])
    yield "key-twice-in-a-role", put("sealers", value=[sealer, sealer])
    yield "key-of-two-builders", put("builders", value=[builder, {**builder, "id": "https://other.example"}])
    yield "keyid-of-another-key", key(keyid=BUILDER.keyid)
    yield "algorithm-of-another-key", key(algorithm="ecdsa-p256")
    yield "algorithm-unknown", key(algorithm="rot13")
    yield "key-with-trailing-bytes", key(publicKey=to_base64(SEALER.public.spki + b"\0"))
    yield "window-backwards", key(notBefore="2026-11-22T12:00:00.000Z", notAfter="2026-11-21T12:00:00.000Z")
    yield "window-on-no-day", key(notBefore="2026-13-01T12:00:00.000Z")
    yield "level-four", put("builders", 0, "maxLevel", value=4)
    yield "builder-without-key", put("builders", 0, "keys", value=[])
    yield "builder-twice", put("builders", value=[builder, {**builder, "keys": [_row(STRANGER)]}])
    yield "threshold-never-reached", put("thresholds", value={"sealer": 2})
    yield "threshold-zero", put("thresholds", value={"sealer": 0})
    yield "seal-rule-in-words", put("sealRules", value={"requireBound": "yes"})
    yield "seal-rule-unknown", put("sealRules", value={"requireSigned": True})
    yield "least-assurance-derived", put("minima", "assurance", value="derived")


def _row(key: PrivateKey) -> dict[str, str]:
    public = key.public
    return {"keyid": public.keyid, "algorithm": public.algorithm.name, "publicKey": to_base64(public.spki)}


def manifests() -> Iterator[Vector]:
    """Yield manifests."""
    lines = MANIFEST.splitlines(keepends=True)
    yield from good("good", MANIFEST, "manifest")
    yield from good("good-empty", lines[0] + b'{"entries":0,"kind":"end"}\n', "manifest")
    yield from good("good-runtime", _runtime_manifest(), "manifest")
    yield from good("good-remote", REMOTE_MANIFEST, "manifest")
    yield from bad("manifest", _remote_faults(lines[0]))
    yield from bad("manifest", _order_faults(lines))
    yield from bad("manifest", _entry_faults(lines))
    places = Places(text=("path",), integer=("size",), digest=("sha256",), word=("origin",))
    for name, line in strict_faults(lines[2][:-1], places):
        yield from bad("manifest", [(f"entry-{name}", b"".join([*lines[:2], line, b"\n", *lines[3:]]))])


def _remote_faults(with_roots: bytes) -> Iterator[Fault]:
    head, end = REMOTE_MANIFEST.splitlines(keepends=True)
    header = json.loads(head)
    for name, changes in (
        ("remote-with-roots", {"roots": json.loads(with_roots)["roots"]}),
        ("remote-with-artifacts", {"artifacts": json.loads(with_roots)["artifacts"]}),
        ("remote-without-definitions", {"definitions": None}),
        ("neither-roots-nor-upstream", {"definitions": None, "upstream": None}),
    ):
        changed = {key: value for key, value in {**header, **changes}.items() if value is not None}
        yield name, canonical.encode_value(changed) + b"\n" + end


def _order_faults(lines: list[bytes]) -> Iterator[Fault]:
    head, entries, end = lines[0], lines[1:-1], lines[-1]
    header = json.loads(head)

    def joined(*pieces: bytes) -> bytes:
        return b"".join(pieces)

    yield "empty", b""
    yield "unsorted", joined(head, entries[1], entries[0], *entries[2:], end)
    yield "entry-twice", joined(head, entries[0], *entries, end)
    yield "entry-missing", joined(head, *entries[1:], end)
    yield "cut-before-the-end", joined(head, *entries)
    yield "cut-line-feed", joined(*lines)[:-1]
    yield "only-a-header", head
    yield "without-header", joined(*entries, end)
    yield "header-twice", joined(head, head, *entries, end)
    yield "end-twice", joined(*lines, end)
    yield "entry-after-the-end", joined(head, *entries[:-1], end, entries[-1])
    yield "wrong-count", joined(head, *entries, b'{"entries":6,"kind":"end"}\n')
    yield "empty-line", joined(head, b"\n", *entries, end)
    yield "carriage-return", joined(*(line[:-1] + b"\r\n" for line in lines))
    yield "line-of-unknown-kind", joined(head, b'{"kind":"note"}\n', *entries, end)
    yield "wrong-schema", joined(head.replace(b"v0.1", b"v0.2"), *entries, end)
    yield "no-roots", joined(_line({**header, "roots": []}), end)
    yield "root-twice", joined(_line({**header, "roots": [header["roots"][0]] * 2}), *entries, end)
    yield "artifact-twice", joined(_line({**header, "artifacts": header["artifacts"] * 2}), *entries, end)
    yield "artifact-of-no-header", joined(_line({**header, "artifacts": []}), *entries, end)
    yield "unknown-root", joined(_line({**header, "roots": header["roots"][:1]}), *entries, end)
    yield "line-too-long", joined(head, b" " * (MAX_LINE_BYTES + 1), *entries, end)


def _entry_faults(lines: list[bytes]) -> Iterator[Fault]:
    derived, file, link = (json.loads(lines[number]) for number in (1, 2, 5))

    def with_entry(entry: dict[str, Any]) -> bytes:
        return b"".join([lines[0], _line(entry), b'{"entries":1,"kind":"end"}\n'])

    def omit(entry: dict[str, Any], *names: str) -> dict[str, Any]:
        return {name: value for name, value in entry.items() if name not in names}

    yield from path_faults(lambda path: with_entry({**file, "path": path}))
    yield (
        "mutable-path-with-dots",
        b"".join([_line({**json.loads(lines[0]), "roots": [{"name": "tree", "scope": "exact", "mutable": ["../a"]}]})])
        + lines[-1].replace(b"5", b"0"),
    )
    yield "root-name-in-upper-case", with_entry({**file, "root": "Tree"})
    yield "file-without-digest", with_entry(omit(file, "sha256"))
    yield "file-without-size", with_entry(omit(file, "size"))
    yield "file-without-mode", with_entry(omit(file, "executable"))
    yield "file-with-target", with_entry({**file, "target": "a"})
    yield "file-with-rule", with_entry({**file, "rule": "python-script", "rank": "built"})
    yield "file-with-inputs", with_entry({**file, "inputs": ["tree/a"]})
    yield "link-without-target", with_entry(omit(link, "target"))
    yield "link-with-digest", with_entry({**link, "sha256": WHEEL.sha256})
    yield "link-with-size", with_entry({**link, "size": 1})
    yield "derived-without-rule", with_entry(omit(derived, "rule"))
    yield "derived-without-rank", with_entry(omit(derived, "rank"))
    yield "derived-with-digest", with_entry({**derived, "sha256": WHEEL.sha256})
    yield "derived-of-rank-derived", with_entry({**derived, "rank": "derived"})
    yield "rule-with-slash", with_entry({**derived, "rule": "a/b"})
    yield "seen-and-not-derived", with_entry({**file, "seen": WHEEL.sha256})
    yield "absent-in-an-exact-root", _runtime_manifest(scope="exact")
    yield "absent-outside-the-root", _runtime_manifest(absent="../pyvenv.cfg")


def _runtime_manifest(*, scope: str = "listed", absent: str = "pyvenv.cfg") -> bytes:
    """A manifest of an interpreter: its library, and its prefix, where one path has to stay empty."""
    library = {"mutable": ["site-packages"], "name": "library", "scope": "exact"}
    prefix = {"absent": [absent], "mutable": [], "name": "runtime", "scope": scope}
    source = {
        "executable": False,
        "kind": "entry",
        "origin": "site",
        "path": "os.py",
        "root": "library",
        "sha256": WHEEL.sha256,
        "size": 12,
        "type": "file",
    }
    compiled = {
        "inputs": ["library/os.py"],
        "kind": "entry",
        "origin": "derived",
        "path": "__pycache__/os.cpython-312.pyc",
        "rank": "site",
        "root": "library",
        "rule": "python-bytecode",
        "seen": WHEEL.sha256,
        "type": "file",
    }
    head = {
        "kind": "manifest",
        "roots": [library, prefix],
        "schema": "https://mcp-attest.github.io/schemas/manifest/v0.1",
    }
    return b"".join(_line(each) for each in (head, compiled, source, {"entries": 2, "kind": "end"}))


def _line(record: object) -> bytes:
    return canonical.encode_value(record) + b"\n"
