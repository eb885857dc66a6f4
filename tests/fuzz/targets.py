"""Every reader of a document, one row each: what the property tests, the vectors and the fuzzer run.

`read` takes any bytes and returns the one form of what it read, or None where a format has several forms. It raises
nothing but `AttestError`.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from attest.appraisal.environment import judge_environment
from attest.clients.editing import put_before, take_away
from attest.clients.formats import FORMATS, read_servers
from attest.codec import canonical, strict
from attest.codec.records import Record
from attest.errors import AttestError, MalformedError
from attest.evidence.packing import recognise
from attest.evidence.policy.linting import warnings
from attest.evidence.policy.reading import read_policy
from attest.evidence.proof_file import read_proof_file, write_proof_file
from attest.evidence.reading import split_lines
from attest.evidence.verify.entries import EntryParts
from attest.evidence.verify.lines import Lines
from attest.measure.archive import ZipArchive
from attest.measure.collectors import COLLECTORS
from attest.measure.elf import read_needs
from attest.measure.entry_points import read_commands
from attest.measure.library_cache import read_library_cache
from attest.measure.marshal_form import normal_form
from attest.measure.processes.children import parse_stat
from attest.measure.processes.environ import parse_environment
from attest.measure.processes.maps import parse_maps
from attest.measure.processes.mounts import parse_mountinfo
from attest.measure.processes.sockets import parse_tcp, parse_unix
from attest.measure.processes.status import parse_status
from attest.measure.record import read_record
from attest.measure.tar.gunzip import gunzip
from attest.measure.tar.member import MemberKind, Names, TarRules
from attest.measure.tar.reader import read_tar
from attest.portal.session import lines as messages_by_line
from attest.portal.session.messages import Message, Unreadable, read_message
from attest.portal.session.spans import params_of
from attest.portal.web.http1.heads import read_answer_head, read_request_head
from attest.portal.web.http1.reader import H, Reader
from attest.provenance.certifying import certify_writer, read_key
from attest.provenance.containers.several import members_of
from attest.provenance.containers.shape import Shape, shape_of
from attest.provenance.model import Expectations
from attest.provenance.read import pieces_of, read_attestation, read_evidence
from attest.provenance.sigstore.production import ROOTS
from attest.provenance.sigstore.publisher_keys import parse_npm_keys
from attest.provenance.sigstore.pypi import parse_pypi_attestation
from attest.provenance.sigstore.trusted_root import parse_trusted_root
from attest.provenance.sigstore.untimed import verify_untimed
from attest.provenance.sigstore.verify import verify_bundle, verify_parsed
from attest.seal.tools.learning import learn
from attest.seal.tools.making import make_rules
from attest.seal.tools.reading import parse_tools
from attest.seal.tools.starter import starter
from attest.signing.certificates import Certificate
from attest.signing.dsse import encode_envelope, open_foreign_envelope, read_envelope, read_foreign_envelope
from attest.signing.fulcio import check_usage, read_identity
from attest.signing.fulcio_chain import find_issuer
from attest.signing.keyfiles import parse_private, parse_public, public_pem
from attest.signing.note import open_note, sign_note
from attest.signing.rekor import check_entry_timestamp, open_log_checkpoint
from attest.signing.timestamps import check_timestamp
from attest.statement.attachments import read_attachments, write_attachments
from attest.statement.manifest import read_manifest, write_manifest, write_remote_manifest
from attest.statement.parents import split_parents
from attest.statement.predicates import PREDICATES, runtime_revocation, short_name
from attest.statement.profile import EnvironmentRules
from attest.statement.statement import open_statement, predicate_type_of, read_statement
from attest.statement.tools.disclosures import read_disclosures
from attest.statement.tools.rules import ToolRules
from attest.tlog.anchors.anchor import read_anchor
from attest.tlog.checkpoint import open_checkpoint, read_checkpoint_unverified
from attest.tlog.entry import encode_entry, read_entry
from attest.trust.references import open_with_parents
from attest.trust.revocations import open_revocations
from attest.trust.role import Role
from attest.trust.trust import parse_trust
from tests import (
    archives,
    build_files,
    call_documents,
    certified,
    configurations,
    documents,
    inventories,
    log_documents,
    mandates,
    policy_documents,
    predicate_documents,
    processes,
    sigstore_world,
    tools_documents,
)
from tests.layouts import DOCUMENT, LAYOUT_PAYLOAD, LINK_PAYLOAD, document_with_layout, document_with_link
from tests.runtimes import make_elf, make_library_cache
from tests.tars import file, header, long_name, pax, tar, tarball
from tests.timestamp_tokens import timestamp_response
from tests.world import BUILDER, NOW, SEALER, WRITER, make_result, make_ring, make_summary, make_zip, sign_foreign

TRUST: Final = parse_trust(documents.TRUST, where="trust")
SIGSTORE: Final = sigstore_world.trust()
SIGSTORE_BUNDLE: Final = sigstore_world.encoded(sigstore_world.bundle(stamped=sigstore_world.SIGNED))
PYPI_ATTESTATION: Final = sigstore_world.encoded(sigstore_world.pypi_attestation())
JOB: Final = certified.leaf()
KEY_FILE: Final = public_pem(certified.JOB_KEY.public)
UNTIMED: Final = sigstore_world.encoded(sigstore_world.bare_envelope(sigstore_world.issue()))
REKOR_CHECKPOINT: Final = sigstore_world.checkpoint_of(b"body")
PROMISE: Final = sigstore_world.promise_of(b'{"kind":"dsse"}')
TIMESTAMP: Final = timestamp_response(b"signed", sigstore_world.SIGNED, sigstore_world.TSA, sigstore_world.TSA_KEY)
ENVIRONMENT_RULES: Final = EnvironmentRules(allowed=("HOME", "LC_*"))
NOTE_NAME: Final = "witness.example/log"
PYC_MAGIC: Final = b"\xcb\r\r\n"
"""Python 3.12."""

Read = Callable[[bytes], bytes | None]


FROM_GITHUB = Expectations(source=build_files.REPOSITORY, identities=(build_files.GITHUB,))


@dataclass(frozen=True, kw_only=True)
class Target:
    """A reader and one good document for it; `json` where a document is one JSON value."""

    good: bytes
    read: Read
    json: bool = False


def _statement(predicate_type: str, predicate: type[Record]) -> Read:
    def read(octets: bytes) -> bytes:
        return canonical.encode(read_statement(octets, predicate_type, predicate, where="statement"))

    return read


def _envelope(octets: bytes) -> bytes:
    """An envelope of ours, down to the statement that is in it."""
    envelope = read_envelope(octets, where="envelope")
    ring = TRUST.ring(Role.SEALER)
    kind = runtime_revocation.PREDICATE_TYPE
    open_statement(envelope, ring, kind, runtime_revocation.RuntimeRevocation, where="envelope")
    return encode_envelope(envelope) + (b"\n" if octets.endswith(b"\n") else b"")


def _anchor(octets: bytes) -> bytes:
    """What is kept of an anchor; its answer is the timestamp's own reader's."""
    return canonical.encode(read_anchor(octets, where="anchor"))


def _proof(octets: bytes) -> bytes:
    """A receipt with the proof of its place, down to the leaf; what leads to the root is another's to follow."""
    file = read_proof_file(octets, where="proof")
    proof = msgspec.structs.replace(file.proof, extra=b"")
    return write_proof_file(proof, entry=file.leaf, receipt=file.receipt, writer=file.writer, since=file.since)


def _revocations(octets: bytes) -> None:
    """Lines of revocations, as a file holds them."""
    open_revocations([("revocations", octets)], TRUST)


def _claimed_type(octets: bytes) -> None:
    """The payload of an envelope whose signature nobody checked."""
    predicate_type_of(read_envelope(octets, where="envelope"), where="envelope")


def _foreign_envelope(octets: bytes) -> None:
    open_foreign_envelope(read_foreign_envelope(octets, where="envelope"), make_ring(BUILDER), where="envelope")


def _attestations(octets: bytes) -> None:
    for piece in members_of(octets, shape_of(octets) or Shape.DSSE, where="evidence").members:
        read_attestation(piece.octets, trust=build_files.TRUST, expectations=FROM_GITHUB, where=piece.where)
    for whole in pieces_of(octets, where="evidence"):
        read_evidence(whole, trust=build_files.TRUST, expectations=FROM_GITHUB, where="evidence")


def _evidence(octets: bytes) -> None:
    read_evidence(octets, trust=TRUST, expectations=Expectations(), where="evidence")


def _foreign_statement(octets: bytes) -> None:
    """A payload that a builder did sign, whatever it is: as far as its own readers go."""
    strict.parse(octets, where="payload")
    _evidence(sign_foreign(octets, BUILDER))


def _layout(octets: bytes) -> None:
    read_evidence(octets, trust=TRUST.as_of(NOW), expectations=Expectations(), where="evidence")


def _layout_payload(octets: bytes) -> None:
    """A layout that its owner did sign, whatever it is: as far as its readers and the library go."""
    strict.parse(octets, where="payload")
    _layout(document_with_layout(octets))


def _link_payload(octets: bytes) -> None:
    """A link that a functionary did sign."""
    strict.parse(octets, where="payload")
    _layout(document_with_link(octets))


def _trust(octets: bytes) -> None:
    parse_trust(octets, where="trust")


def _manifest(octets: bytes) -> bytes:
    header, entries = read_manifest(octets.splitlines(keepends=True), where="manifest")
    if header.upstream is not None and header.definitions is not None:
        return b"".join(write_remote_manifest(header.upstream, header.definitions))
    return b"".join(write_manifest(header.roots, entries, header.artifacts))


def _attachments(octets: bytes) -> bytes:
    pieces = read_attachments(octets.splitlines(keepends=True), where="attachments")
    return b"".join(write_attachments(pieces.values()))


def _sub_mandate(octets: bytes) -> bytes:
    """A reference, and in the lines behind it what it is narrower than."""
    first, *parents = split_parents(octets.splitlines(keepends=True) or [octets], where="reference")
    opened = open_with_parents(first, parents, mandates.MANDATES, at=NOW, where="reference")
    return b"".join(each.envelope + b"\n" for each in (opened, *opened.parents))


def _disclosures(octets: bytes) -> None:
    for _ in read_disclosures(octets.splitlines(keepends=True), where="disclosures"):
        pass


def _entry(octets: bytes) -> bytes:
    return encode_entry(read_entry(octets, where="entry"))


def _checkpoint(octets: bytes) -> None:
    open_checkpoint(octets, WRITER.public, where="checkpoint")


def _claimed_checkpoint(octets: bytes) -> None:
    """A checkpoint whose signature nobody checked."""
    read_checkpoint_unverified(octets, where="checkpoint")


def _note(octets: bytes) -> None:
    open_note(octets, NOTE_NAME, SEALER.public, where="note")


def _public_key(octets: bytes) -> None:
    parse_public(octets, where="key")


def _private_key(octets: bytes) -> None:
    parse_private(octets, where="key")


def _bundle(octets: bytes) -> bytes:
    """The lines of an evidence bundle, in the order of its grammar, and what the last one says of the others."""
    lines = Lines(split_lines(iter([octets]), where="bundle"))
    records = [line.record.read(line.where) if isinstance(line.record, EntryParts) else line.record for line in lines]
    if lines.closing is None or lines.closing != records[-1]:
        raise MalformedError("bundle", "a last line that counts and hashes those before", "another, or none")
    return b"".join(canonical.encode(record) + b"\n" for record in records)


def _packed(octets: bytes) -> None:
    """A packed file, whatever is in it."""
    for _ in recognise(octets[:4]).unpack(io.BytesIO(octets), "packed"):
        pass


def _zip(octets: bytes) -> None:
    """A wheel as an archive, every member read to its end."""
    archive = ZipArchive(io.BytesIO(octets), where="wheel")
    for member in archive.members:
        for _ in archive.read(member):
            pass


def _artifact(kind: str) -> Read:
    """A collector of one kind, from a file of a fitting name."""

    def read(octets: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / archives.SAMPLES[kind].make(Path(folder)).name
            path.write_bytes(octets)
            COLLECTORS[kind].read(path)

    return read


def _good_artifact(kind: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return archives.SAMPLES[kind].make(Path(folder)).read_bytes()


def _tar(octets: bytes) -> None:
    """An archive with every kind of member, read to its end."""
    rules = TarRules(kinds=frozenset(MemberKind), names=Names.EXACT, leading_dot=True, special_bits=True)
    for _, content in read_tar([octets], rules, where="layer"):
        for _ in content:
            pass


def _gzip(octets: bytes) -> None:
    for _ in gunzip([octets], where="package"):
        pass


def _record(octets: bytes) -> None:
    read_record(octets, where="RECORD")


def _message(octets: bytes) -> None:
    message = read_message(octets)
    if isinstance(message, Unreadable):
        raise MalformedError("message", "a JSON-RPC message", message.reason)
    if message.params is not None:
        # Two readers, which have to agree on where the parameters are.
        again = read_message(b'{"jsonrpc":"2.0","method":"m","params":%s}' % params_of(octets))
        assert isinstance(again, Message)
        assert repr(again.params) == repr(message.params)


def _lines(octets: bytes) -> None:
    lines = messages_by_line.Lines(max_bytes=64)
    for line in (*lines.feed(octets), *lines.finish()):
        if isinstance(line, messages_by_line.Overlong):
            messages_by_line.id_at_an_end(line.head, line.tail)


def _http(read_head: Callable[[bytes], H]) -> Read:
    """A message of HTTP/1.1, which has to be the same in whatever pieces it comes."""

    def read(octets: bytes) -> None:
        whole, byte_by_byte = Reader(read_head), Reader(read_head)
        whole.feed(octets)
        for at in range(len(octets)):
            if not byte_by_byte.is_over:
                byte_by_byte.feed(octets[at : at + 1])
        assert byte_by_byte.head == whole.head
        assert byte_by_byte.take() == whole.take()
        assert byte_by_byte.is_over is whole.is_over
        whole.end()

    return read


def _configuration(octets: bytes) -> None:
    for form in FORMATS:
        with contextlib.suppress(AttestError):
            for server in read_servers(octets, form, where="configuration"):
                assert server.complaint is not None or server.command or server.host is not None


def _wrapped(*forms: str) -> Read:
    """Every server of a configuration, put behind another command and taken from there again."""
    before = ("attest", "portal", "--")

    def read(octets: bytes) -> bytes:
        for form in forms:
            for server in read_servers(octets, form, where="configuration"):
                if server.command:
                    wrapped, changes = put_before(octets, form, server.keys, before, where="configuration")
                    servers = {each.keys: each for each in read_servers(wrapped, form, where="configuration")}
                    assert servers[server.keys].command == (*before, *server.command)
                    assert take_away(wrapped, form, server.keys, changes, where="configuration") == octets
        return octets

    return read


def _entry_points(octets: bytes) -> None:
    read_commands(octets, where="entry_points.txt")


def _bytecode(octets: bytes) -> None:
    normal_form(octets, PYC_MAGIC, where="pyc")


def _elf(octets: bytes) -> bytes | None:
    read_needs(io.BytesIO(octets), where="elf")
    return None


def _library_cache(octets: bytes) -> bytes | None:
    read_library_cache(octets, where="cache")
    return None


def _sigstore_bundle(octets: bytes) -> None:
    verify_bundle(octets, SIGSTORE, where="bundle")


def _pypi_attestation(octets: bytes) -> None:
    verify_parsed(parse_pypi_attestation(octets, where="attestation"), SIGSTORE)


def _key_attestation(octets: bytes) -> None:
    certify_writer(KEY_FILE, octets, certified.TRUST.as_of(NOW), where="attestation")


def _key_statement(octets: bytes) -> None:
    """A statement that the job did sign, whatever it is."""
    strict.parse(octets, where="statement")
    _key_attestation(certified.attest_anything(octets, JOB))


def _certified_key(octets: bytes) -> bytes:
    """The one spelling of a public key file that can be certified."""
    return public_pem(read_key(octets, where="key"))


def _untimed(octets: bytes) -> None:
    verify_untimed(octets, SIGSTORE.root, where="envelope")


def _trusted_root(octets: bytes) -> None:
    parse_trusted_root(octets, where="root")


def _npm_keys(octets: bytes) -> None:
    parse_npm_keys(octets, where="keys")


def _rekor_checkpoint(octets: bytes) -> None:
    open_log_checkpoint(octets, SIGSTORE.root.logs[1], where="checkpoint")


def _entry_timestamp(octets: bytes) -> None:
    """A signature (its length first), and the body that a log is said to have promised with it."""
    size = octets[0] if octets else 0
    signature, body = octets[1 : 1 + size], octets[1 + size :]
    log = SIGSTORE.root.logs[0]
    check_entry_timestamp(log, body=body, integrated_time=1, log_index=1, signature=signature, where="promise")


def _timestamp(octets: bytes) -> None:
    check_timestamp(octets, b"signed", SIGSTORE.root.timestamp_authorities, where="timestamp")


def _certificate(octets: bytes) -> None:
    """A certificate that nobody vouches for, as far as it is read before it is refused."""
    certificate = Certificate(octets, where="certificate")
    check_usage(certificate)
    read_identity(certificate)
    find_issuer(certificate, SIGSTORE.root.authorities, (certificate.validity.start,))


def _environ(octets: bytes) -> None:
    """The variables of a process, judged by rules that allow few."""
    judge_environment(ENVIRONMENT_RULES, parse_environment(octets, b"salt"))


def _session(octets: bytes) -> None:
    """A session, and the rules that are learned from it."""
    starter(learn(octets, where="session"), name="tools.toml", definitions_file="definitions.json")


def _tools(octets: bytes) -> None:
    """Rules, about the definitions of the example; sealed are those that can be read back."""
    rules = make_rules(parse_tools(octets, where="tools"), call_documents.DEFINITIONS, where="tools")
    strict.read(canonical.encode(rules), ToolRules, where="tools")


def _policy(octets: bytes) -> None:
    """A gate policy, and what is odd about it."""
    tuple(warnings(read_policy(octets, where="policy").document, NOW))


def _of_process(reader: Callable[[bytes], object]) -> Read:
    """A file of procfs, of which several spellings mean the same."""

    def read(octets: bytes) -> None:
        reader(octets)

    return read


_CALL: Final = (
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"n":-1.5e3},"_meta":{"a":[]}}}'
)
_ANSWER: Final = (
    b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: text/event-stream\r\n\r\n8;a=b\r\ndata: {}\r\n2\r\n\n\n\r\n0\r\nX: y\r\n\r\n"
)
_REQUEST: Final = (
    b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
)

TARGETS: Final[dict[str, Target]] = {
    **{
        short_name(uri): Target(
            good=predicate_documents.PAYLOADS[short_name(uri)], read=_statement(uri, predicate), json=True
        )
        for uri, predicate in PREDICATES.items()
    },
    **{f"artifact-{kind}": Target(good=_good_artifact(kind), read=_artifact(kind)) for kind in archives.SAMPLES},
    "anchor": Target(good=log_documents.ANCHOR, read=_anchor, json=True),
    "attachments": Target(good=documents.ATTACHMENTS, read=_attachments),
    "bundle": Target(good=log_documents.BUNDLE, read=_bundle),
    "bytecode": Target(good=documents.BYTECODE, read=_bytecode),
    "checkpoint": Target(good=log_documents.CHECKPOINT, read=_checkpoint),
    "client-configuration": Target(
        good=b'{"mcpServers": {"one": {"command": "npx", "args": ["-y", "x"], "env": {"A": "b"}}}} // end',
        read=_configuration,
    ),
    "claimed-checkpoint": Target(good=log_documents.CHECKPOINT, read=_claimed_checkpoint),
    "claimed-type": Target(good=documents.REVOCATION_ENVELOPE, read=_claimed_type, json=True),
    "certified-key": Target(good=KEY_FILE, read=_certified_key),
    "cyclonedx-dsse": Target(good=documents.SIGNED_SBOM, read=_evidence, json=True),
    "cyclonedx-file": Target(good=documents.SBOM, read=_evidence, json=True),
    "disclosures": Target(good=call_documents.DISCLOSURES, read=_disclosures),
    "elf": Target(good=make_elf(needed=("libc.so.6",), loader="/lib64/ld.so", runpath="$ORIGIN/../lib"), read=_elf),
    "entry-points": Target(good=b"[console_scripts]\nmcp-server-time = mcp_server_time:main\n", read=_entry_points),
    "client-lines": Target(good=_CALL + b"\n" + b"x" * 99 + _CALL, read=_lines),
    "client-message": Target(good=_CALL, read=_message),
    "envelope": Target(good=documents.REVOCATION_ENVELOPE, read=_envelope, json=True),
    "foreign-envelope": Target(good=documents.PROVENANCE, read=_foreign_envelope, json=True),
    "foreign-statement": Target(good=documents.PROVENANCE_PAYLOAD, read=_foreign_statement, json=True),
    "gzip": Target(good=tarball({"package/package.json": b"{}"}), read=_gzip),
    "http-answer": Target(good=_ANSWER, read=_http(read_answer_head)),
    "http-request": Target(good=_REQUEST, read=_http(read_request_head)),
    "in-toto-layout": Target(good=DOCUMENT, read=_layout, json=True),
    "layout-payload": Target(good=LAYOUT_PAYLOAD, read=_layout_payload, json=True),
    "key-attestation": Target(good=certified.attest_key(), read=_key_attestation, json=True),
    "key-statement": Target(good=certified.statement(KEY_FILE), read=_key_statement, json=True),
    "library-cache": Target(good=make_library_cache([("libc.so.6", "/lib/libc.so.6")]), read=_library_cache),
    "link-payload": Target(good=LINK_PAYLOAD, read=_link_payload, json=True),
    "log-entry": Target(good=log_documents.LOG[1].entry, read=_entry, json=True),
    "manifest": Target(good=documents.MANIFEST, read=_manifest),
    "note": Target(good=sign_note("three\nlines\nof text\n", NOTE_NAME, SEALER), read=_note),
    "npm-lock": Target(good=inventories.NPM_LOCK, read=_evidence, json=True),
    "packed": Target(good=gzip.compress(documents.MANIFEST, mtime=0), read=_packed),
    "pip-requirements": Target(good=inventories.REQUIREMENTS, read=_evidence),
    "pnpm-lock": Target(good=inventories.PNPM_LOCK, read=_evidence),
    "policy": Target(good=policy_documents.POLICY, read=_policy),
    "private-key": Target(good=documents.PRIVATE_KEY, read=_private_key),
    "public-key": Target(good=documents.PUBLIC_KEY, read=_public_key),
    "process-environ": Target(good=processes.ENVIRON, read=_environ),
    "process-maps": Target(good=processes.MAPS, read=_of_process(parse_maps)),
    "process-mountinfo": Target(good=processes.MOUNTINFO, read=_of_process(parse_mountinfo)),
    "process-stat": Target(good=processes.STAT, read=_of_process(parse_stat)),
    "process-status": Target(good=processes.STATUS, read=_of_process(parse_status)),
    "process-tcp": Target(good=processes.TCP, read=_of_process(parse_tcp)),
    "process-unix": Target(good=processes.UNIX, read=_of_process(parse_unix)),
    "pylock": Target(good=inventories.PYLOCK, read=_evidence),
    "revocations": Target(
        good=b"\n".join((documents.REVOCATION_LIST_ENVELOPE, documents.REVOCATION_ENVELOPE, b"")), read=_revocations
    ),
    "record": Target(good=b"a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nRECORD,,\n", read=_record),
    "spdx-dsse": Target(good=inventories.COSIGN_SPDX, read=_evidence, json=True),
    "spdx-file": Target(good=inventories.SPDX, read=_evidence, json=True),
    "spdx-graph": Target(good=inventories.SPDX3, read=_evidence, json=True),
    "slsa-dsse": Target(good=documents.PROVENANCE, read=_evidence, json=True),
    "tar": Target(
        good=tar(
            pax(path="a/b", mtime="1.5"),
            file("a", b"x" * 600, mode=0o755),
            long_name("c" * 120),
            file("c"),
            header(b"./link", type_=b"2", link=b"../a"),
        ),
        read=_tar,
    ),
    "npm-file": Target(good=build_files.npm_file(), read=_attestations, json=True),
    "pypi-file": Target(good=build_files.pypi_file(), read=_attestations, json=True),
    "attestation-lines": Target(
        good=build_files.attested() + b"\nnoise\n" + build_files.attested(), read=_attestations
    ),
    "in-toto-result": Target(good=make_result(build_files.SUBJECTS), read=_attestations, json=True),
    "slsa-summary": Target(good=make_summary(build_files.SUBJECTS), read=_attestations, json=True),
    "fulcio-certificate": Target(good=sigstore_world.issue(), read=_certificate),
    "npm-keys": Target(good=(ROOTS / "npm-keys.json").read_bytes(), read=_npm_keys, json=True),
    "pypi-attestation": Target(good=PYPI_ATTESTATION, read=_pypi_attestation, json=True),
    "rekor-checkpoint": Target(good=REKOR_CHECKPOINT, read=_rekor_checkpoint),
    "rekor-promise": Target(good=PROMISE, read=_entry_timestamp),
    "sigstore-bundle": Target(good=SIGSTORE_BUNDLE, read=_sigstore_bundle, json=True),
    "timestamp": Target(good=TIMESTAMP, read=_timestamp),
    "tlog-proof": Target(good=log_documents.PROOF, read=_proof),
    "trusted-root": Target(good=sigstore_world.encoded(sigstore_world.root_document()), read=_trusted_root, json=True),
    "untimed-envelope": Target(good=UNTIMED, read=_untimed, json=True),
    "session": Target(good=tools_documents.SESSION, read=_session),
    "sub-mandate": Target(good=mandates.GOOD, read=_sub_mandate),
    "tools": Target(good=tools_documents.TOOLS, read=_tools),
    "trust": Target(good=documents.TRUST, read=_trust, json=True),
    "uv-lock": Target(good=inventories.UV_LOCK, read=_evidence),
    "wrapped-json": Target(
        good=configurations.EXAMPLES["vscode"].octets, read=_wrapped(*(form for form in FORMATS if form != "codex"))
    ),
    "wrapped-toml": Target(good=configurations.EXAMPLES["codex"].octets, read=_wrapped("codex")),
    "zip": Target(good=make_zip({"pkg/__init__.py": b"x = 1\n", "pkg/data": b"0" * 5000}), read=_zip),
}
