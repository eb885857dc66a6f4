"""Vectors of evidence: attachments, evidence bundles, build evidence of others, archives, packed files."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attest.codec import canonical
from attest.codec.octets import from_base64, sha256_hex, to_base64
from attest.evidence.grammar import BundleEnd, CertifiedWriterLine, DisclosureLine
from attest.signing.keyfiles import public_pem
from attest.statement.attachments import write_attachments
from scripts.faults import (
    Fault,
    Places,
    base64_faults,
    json_faults,
    path_faults,
    with_value,
    without,
)
from scripts.json_vectors import strict_faults
from scripts.vector import Vector, bad, good
from tests.documents import ATTACHMENTS, MANIFEST, PROVENANCE, PROVENANCE_PAYLOAD, SBOM, SIGNED_SBOM
from tests.log_documents import BUNDLE
from tests.runtimes import make_elf, make_library_cache
from tests.world import BUILDER, SEALER, STRANGER, sign_foreign

MEMBERS: Final = {"pkg/__init__.py": b"x = 1\n", "pkg-1.dist-info/METADATA": b"Name: pkg\n"}


def attachments() -> Iterator[Vector]:
    """Yield the side file with a reference's build evidence."""
    first, second = ATTACHMENTS.splitlines(keepends=True)
    line = json.loads(first)
    yield from good("good", ATTACHMENTS, "attachments")
    yield from good("good-empty", b"", "attachments")
    yield from good("good-short", b"".join(write_attachments([b"{}"])), "attachments")

    def with_octets(text: str) -> bytes:
        return canonical.encode_value({"digest": line["digest"], "octets": text}) + b"\n" + second

    faults: list[Fault] = [
        ("unsorted", second + first),
        ("line-twice", first + first + second),
        ("cut-line-feed", ATTACHMENTS[:-1]),
        ("empty-line", first + b"\n" + second),
        ("digest-of-other-bytes", with_octets(to_base64(b"other"))),
        *base64_faults(b"four", with_octets),
    ]
    yield from bad("attachments", faults)
    places = Places(text=("octets",), digest=("digest",))
    for name, octets in strict_faults(first[:-1], places):
        yield from bad("attachments", [(f"line-{name}", octets + b"\n" + second)])


def bundles() -> Iterator[Vector]:
    """Yield evidence bundles; who signed what in them is a matter of the verdict, and of other tests."""
    lines = BUNDLE.splitlines(keepends=True)
    yield from good("good", BUNDLE, "bundle")
    yield from bad("bundle", _bundle_faults(lines))
    places = Places(
        text=("entry", "origin"),
        integer=("entry", "sequence"),
        time=("entry", "time"),
        digest=("entry", "commitment"),
    )
    # At the structural tier, which is smaller.
    header, log, entry, *rest = _structural(lines)
    yield from good("good-structural", _closed([header, log, entry, *rest]), "bundle")
    for name, octets in strict_faults(entry[:-1], places):
        yield from bad("bundle", [(f"entry-{name}", _closed([header, log, octets + b"\n", *rest]))])
    yield from good("good-full", _closed(_full(lines)), "bundle")
    yield from bad("bundle", _disclosure_faults(_full(lines)))
    yield from good("good-certified-writer", _closed([header, _WRITER, log, entry, *rest]), "bundle")
    yield from bad("bundle", _writer_faults(lines))


_WRITER: Final = (
    canonical.encode(
        CertifiedWriterLine(
            keyid=STRANGER.keyid,
            key=public_pem(STRANGER.public).decode(),
            attestation=to_base64(b'{"mediaType":""}'),
        )
    )
    + b"\n"
)
"""In its one form; whether it certifies anything, the verdict says."""


def _writer_faults(lines: list[bytes]) -> Iterator[Fault]:
    header, *body = lines[:-1]
    yield "certified-writer-before-the-header", _closed([_WRITER, header, *body])
    yield "certified-writer-behind-evidence", _closed([header, body[0], _WRITER, *body[1:]])
    yield "certified-writer-inside-a-log", _closed([header, *body[:4], _WRITER, *body[4:]])
    yield "certified-writer-at-the-end", _closed([header, *body, _WRITER])
    for name, octets in strict_faults(_WRITER[:-1], Places(text=("key",), digest=("keyid",))):
        yield f"certified-writer-{name}", _closed([header, octets + b"\n", *body])


def _full(lines: list[bytes]) -> list[bytes]:
    """Return the lines with a disclosure behind the last entry; whether it opens anything, the verdict says."""
    *before, checkpoint, _ = lines
    header = with_value(with_value(before[0], ("tier",), "full"), ("opened",), 1) + b"\n"
    disclosure = canonical.encode(DisclosureLine(salt="5a17" * 8, value=to_base64(b'{"name":"get_current_time"}')))
    return [header, *before[1:], disclosure + b"\n", checkpoint]


def _disclosure_faults(lines: list[bytes]) -> Iterator[Fault]:
    header, *body, disclosure, checkpoint = lines
    yield "full-without-a-count", _closed([without(header, ("opened",)) + b"\n", *body, disclosure, checkpoint])
    yield "count-at-another-tier", _closed([header.replace(b'"full"', b'"receipts"'), *body, disclosure, checkpoint])
    yield "disclosure-twice", _closed([header, *body, disclosure, disclosure, checkpoint])
    yield "disclosure-before-any-entry", _closed([header, *body[:4], disclosure, *body[4:], checkpoint])
    yield "disclosure-after-the-checkpoint", _closed([header, *body, checkpoint, disclosure])
    places = Places(text=("value",))
    for name, octets in strict_faults(disclosure[:-1], places):
        yield f"disclosure-{name}", _closed([header, *body, octets + b"\n", checkpoint])


def _structural(lines: list[bytes]) -> list[bytes]:
    header, log, *entries, checkpoint = lines[0], *lines[4:-1]
    header = header.replace(b'"receipts"', b'"structural"')
    return [header, log, *(without(entry, ("receipt",)) + b"\n" for entry in entries), checkpoint]


def _closed(lines: list[bytes]) -> bytes:
    """Put the right last line after `lines`."""
    body = b"".join(lines)
    return body + canonical.encode(BundleEnd(lines=len(lines), sha256=sha256_hex(body))) + b"\n"


def _bundle_faults(lines: list[bytes]) -> Iterator[Fault]:
    header, *body = lines[:-1]
    end = json.loads(lines[-1])
    yield "empty", b""
    yield "cut-before-the-end", b"".join(lines[:-1])
    yield "cut-line-feed", BUNDLE[:-1]
    yield "line-after-the-end", BUNDLE + b"\n"
    yield "end-twice", BUNDLE + lines[-1]
    yield "without-header", _closed(body)
    yield "header-twice", _closed([header, header, *body])
    yield "log-before-references", _closed([header, body[3], *body[:3], *body[4:]])
    yield "reference-before-evidence", _closed([header, body[2], *body[:2], *body[3:]])
    yield "entry-outside-a-log", _closed([header, *body[:3], *body[4:]])
    yield "log-without-checkpoint", _closed([header, *body[:-1]])
    yield "without-log", _closed([header, *body[:3]])
    yield "line-changed-under-the-end", b"".join(lines).replace(b'"sequence":1', b'"sequence":7', 1)
    yield "wrong-count", b"".join(lines[:-1]) + canonical.encode_value({**end, "lines": end["lines"] + 1}) + b"\n"
    yield "wrong-hash", b"".join(lines[:-1]) + canonical.encode_value({**end, "sha256": "0" * 64}) + b"\n"
    yield "line-of-unknown-kind", _closed([header, b'{"kind":"note"}\n', *body])
    yield "wrong-schema", _closed([header.replace(b"v0.1", b"v0.2"), *body])
    yield "unknown-tier", _closed([header.replace(b"receipts", b"everything"), *body])
    yield "no-logs", _closed([with_value(header, ("logs",), []) + b"\n", *body])
    yield "carriage-returns", _closed([line[:-1] + b"\r\n" for line in lines[:-1]])


def build_evidence() -> Iterator[Vector]:
    """Yield build evidence of others: in any layout, with further fields, but nothing that two readers read apart."""
    compact = canonical.encode_value(json.loads(SBOM))
    yield from good("good", SBOM, "cyclonedx-file")
    yield from good("good-with-further-fields", with_value(compact, ("vulnerabilities",), []), "cyclonedx-file")
    yield from good("good", SIGNED_SBOM, "cyclonedx-dsse")
    yield from good("good", PROVENANCE, "slsa-dsse")
    yield from good("good-signed-by-a-stranger-too", sign_foreign(PROVENANCE_PAYLOAD, STRANGER, BUILDER), "slsa-dsse")
    yield from bad("cyclonedx-file", foreign_faults(compact, Places(text=("components", 0, "name"))))
    yield from bad("cyclonedx-file", _sbom_faults(compact))
    yield from bad("slsa-dsse", _signed_faults())
    yield from bad("slsa-dsse", _untrusted_provenance(), error="UntrustedError")
    stranger = sign_foreign(_payload(SIGNED_SBOM), STRANGER)
    yield from bad("cyclonedx-dsse", [("signature-of-a-stranger", stranger)], error="UntrustedError")


def foreign_faults(octets: bytes, places: Places) -> Iterator[Fault]:
    """Leave out what somebody else's document may have."""
    return (fault for fault in json_faults(octets, places) if fault[0] != "unknown-field")


def _sbom_faults(sbom: bytes) -> Iterator[Fault]:
    hashes = ("components", 0, "externalReferences", 0, "hashes")
    yield "of-another-format", with_value(sbom, ("bomFormat",), "SPDX")
    yield "of-an-old-version", with_value(sbom, ("specVersion",), "1.0")
    yield "hash-too-short", with_value(sbom, (*hashes, 0, "content"), "00")
    yield "hash-no-hexadecimal", with_value(sbom, (*hashes, 0, "content"), "g" * 64)
    two = [{"alg": "SHA-256", "content": digit * 64} for digit in "01"]
    yield "two-hashes-that-differ", with_value(sbom, ("components", 0, "hashes"), two)
    yield (
        "number-beyond-2-53",
        with_value(sbom, ("version",), 1).replace(b'"version":1}', b'"version":9007199254740992}'),
    )
    yield "number-without-end", with_value(sbom, ("version",), 1).replace(b'"version":1}', b'"version":1e999}')


def _signed_faults() -> Iterator[Fault]:
    """Faults below a good signature of a builder."""

    def signed(payload: bytes) -> bytes:
        return sign_foreign(payload, BUILDER)

    places = Places(text=("predicateType",))
    payload = canonical.encode_value(json.loads(PROVENANCE_PAYLOAD))
    for name, octets in json_faults(payload, places):
        if name in {"duplicate-key", "byte-order-mark", "array-for-object", "two-values", "empty"}:
            yield f"payload-{name}", signed(octets)
    yield "payload-deep-in-the-predicate", signed(_deep(payload))
    yield "statement-of-another-type", signed(with_value(payload, ("_type",), "https://in-toto.io/Statement/v9"))
    yield "no-subject", signed(with_value(payload, ("subject",), []))
    yield "subject-digest-too-short", signed(with_value(payload, ("subject", 0, "digest", "sha256"), "00"))
    yield "no-build-definition", signed(with_value(payload, ("predicate",), {}))
    envelope = PROVENANCE
    yield "payload-in-two-alphabets", with_value(envelope, ("payload",), "-_+/")
    yield "signatures-missing", json.dumps({**json.loads(envelope), "signatures": None}).encode()


def _deep(payload: bytes) -> bytes:
    deep = with_value(payload, ("predicate", "buildDefinition", "externalParameters"), {"x": "@"})
    return deep.replace(b'"@"', b"[" * 2000 + b"]" * 2000)


def _untrusted_provenance() -> Iterator[Fault]:
    payload = PROVENANCE_PAYLOAD

    def edited(place: tuple[str | int, ...], value: Any) -> bytes:  # noqa: ANN401  (any JSON value)
        return sign_foreign(with_value(payload, place, value), BUILDER)

    yield "signature-of-a-stranger", sign_foreign(payload, STRANGER)
    yield "signature-of-another-role", sign_foreign(payload, SEALER)
    yield "no-signature", with_value(PROVENANCE, ("signatures",), [])
    yield "payload-changed", with_value(PROVENANCE, ("payload",), to_base64(payload + b" "))
    yield "builder-of-another-key", edited(("predicate", "runDetails", "builder", "id"), "https://other.example")
    source = ("predicate", "buildDefinition", "externalParameters", "source", "uri")
    yield "another-source", edited(source, "git+https://code.example/other/server")


def archives() -> Iterator[Vector]:
    """Yield zip archives as wheels are, and packed files; all stored, since deflaters differ in what they write."""
    yield from good("good", _zip(MEMBERS), "zip")
    yield from good("good-empty", _zip({}), "zip")
    yield from bad("zip", path_faults(_zip_with_path))
    yield from bad("zip", _zip_faults())
    packed = _gzip(MANIFEST)
    yield from good("good", packed, "packed")
    faults = [
        ("cut", packed[:-4]),
        ("two-members", packed * 2),
        ("trailing-bytes", packed + b"\0"),
        ("wrong-checksum", packed[:-8] + b"\0\0\0\0" + packed[-4:]),
        ("broken", packed[:11] + b"\xff\xff" + packed[13:]),
    ]
    yield from bad("packed", faults)


def lists() -> Iterator[Vector]:
    """Yield the lists in a wheel that say what an installer makes: RECORD and the entry points."""
    digest = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    yield from good("good", f"a.py,{digest},0\nRECORD,,\n".encode(), "record")
    rows = {
        "path-twice": f"a.py,{digest},0\na.py,,\n",
        "two-columns": f"a.py,{digest}\n",
        "weak-hash": "a.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n",
        "hash-too-short": "a.py,sha256=AA,0\n",
        "hash-with-padding": f"a.py,{digest}=,0\n",
        "hash-with-stray-bits": f"a.py,{digest[:-1]}V,0\n",
        "size-negative": f"a.py,{digest},-1\n",
        "size-in-other-digits": f"a.py,{digest},\uff11\n",
        "quote-without-end": f'"a.py,{digest},0\n',
    }
    yield from bad("record", [("invalid-utf8", b"\xff,,\n"), *((name, text.encode()) for name, text in rows.items())])
    section = "[console_scripts]\n"
    yield from good("good", f"{section}run = pkg.module:main\n".encode(), "entry-points")
    commands = {
        "command-twice": "a = m:f\na = m:g\n",
        "command-without-name": " = m:f\n",
        "command-with-path": "../a = m:f\n",
        "function-missing": "a = m\n",
        "function-with-code": "a = m:f(); import os\n",
        "function-with-escape-sequence": "a\x1b[2J = m:f\n",
    }
    named = ((name, f"{section}{text}".encode()) for name, text in commands.items())
    yield from bad("entry-points", [("invalid-utf8", f"{section}a".encode() + b"\xff = m:f\n"), *named])


def runtimes() -> Iterator[Vector]:
    """Yield ELF files and caches of the dynamic loader, which tell what belongs to an interpreter."""
    program = make_elf(needed=("libz.so.1", "libc.so.6"), loader="/lib64/ld.so", runpath="$ORIGIN/../lib")
    yield from good("good", program, "elf")
    yield from good("good-static", make_elf(), "elf")
    yield from bad(
        "elf",
        [
            ("cut", program[:100]),
            ("unknown-class", program[:4] + b"\x03" + program[5:]),
            ("unknown-byte-order", program[:5] + b"\x03" + program[6:]),
            ("too-many-segments", program[:56] + b"\xff\xff" + program[58:]),
            ("name-with-escape-sequence", make_elf(needed=("a\x1b[2J",))),
            ("name-not-utf8", program.replace(b"libz.so.1", b"libz\xffso.1")),
        ],
    )
    cache = make_library_cache([("libz.so.1", "/lib/libz.so.1"), ("libc.so.6", "/lib/libc.so.6")])
    yield from good("good", cache, "library-cache")
    yield from bad(
        "library-cache",
        [
            ("empty", b""),
            ("another-format", b"ld.so-1.6.0" + cache),
            ("cut", cache[:-1]),
            ("more-entries-than-bytes", cache[:20] + b"\xff\xff\xff\xff" + cache[24:]),
            ("name-not-utf8", cache.replace(b"libz.so.1", b"libz\xffso.1", 1)),
        ],
    )


def _zip_faults() -> Iterator[Fault]:
    whole = _zip(MEMBERS)
    one = _zip({"a": b"x"})
    yield "empty", b""
    yield "cut", whole[:-1]
    yield "bytes-before", b"#!x\n" + whole
    yield "bytes-after", whole + b"\0"
    yield "folded-twice", _zip({**MEMBERS, "PKG/__init__.py": b""})
    yield "normalised-twice", _zip({"caf\u00e9": b"", "cafe\u0301": b""})
    yield "file-and-directory", _zip({"a": b"", "a/b": b""})
    yield "link", _zip({"a": b"/etc/passwd"}, mode=0o120777)
    yield "setuid", _zip({"a": b""}, mode=0o104755)
    yield "device", _zip({"a": b""}, mode=0o020644)
    yield "bomb", _patched(_patched(one, _METHOD, zipfile.ZIP_DEFLATED), _SIZE, 30_000_000)
    yield "size-of-no-content", _patched(one, _SIZE, 2)
    yield "bzip2", _patched(one, _METHOD, zipfile.ZIP_BZIP2)
    yield "encrypted", _patched(one, _FLAGS, 1)
    yield "other-checksum", _patched(one, _CRC, 1)
    yield "headers-that-differ", one.replace(b"a", b"b", 1)


_FLAGS, _METHOD, _CRC, _SIZE = (6, "<H"), (8, "<H"), (14, "<I"), (22, "<I")
"""Fields of a local header; in the directory each stands two bytes later (APPNOTE.TXT 4.3.7, 4.3.12)."""


def _zip(members: Mapping[str, bytes], *, mode: int = 0o100644) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, octets in members.items():
            member = zipfile.ZipInfo(path, date_time=(2026, 1, 1, 0, 0, 0))
            member.external_attr = mode << 16
            archive.writestr(member, octets)
    return buffer.getvalue()


def _zip_with_path(path: str) -> bytes:
    """Return an archive with a member of that path, whatever `zipfile` thinks of it."""
    stand_in = "~" * len(path)
    return _zip({"a": b"", stand_in: b""}).replace(stand_in.encode(), path.encode()) if path else _zip({"": b""})


def _patched(whole: bytes, field: tuple[int, str], value: int) -> bytes:
    """Set a field of the only member, in both of its headers."""
    octets = bytearray(whole)
    offset, form = field
    struct.pack_into(form, octets, offset, value)
    struct.pack_into(form, octets, whole.index(b"PK\x01\x02") + offset + 2, value)
    return bytes(octets)


def _gzip(octets: bytes) -> bytes:
    """Return a gzip member with one stored block (RFC 1952, RFC 1951 3.2.4)."""
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    block = b"\x01" + struct.pack("<HH", len(octets), 0xFFFF ^ len(octets)) + octets
    return head + block + struct.pack("<II", zlib.crc32(octets), len(octets))


def _payload(envelope: bytes) -> bytes:
    return from_base64(json.loads(envelope)["payload"], where="payload")
