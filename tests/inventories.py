"""One good document of each kind of inventory, the same bytes each time, written by hand after what tools write."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from attest.codec.octets import to_base64
from tests.documents import WHEEL, WHEEL_NAME
from tests.world import make_attestation, sha256_of

ABOUT: Final = ({"name": WHEEL_NAME, "digest": {"sha256": WHEEL.sha256}},)
PART: Final = sha256_of(b"the wheel of a dependency")["sha256"]
FILE: Final = sha256_of(b"a module")["sha256"]


def make_spdx() -> dict[str, Any]:
    """Return SPDX 2.3 as syft writes it: the directory that was looked at, a package, and a file of it."""
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "server",
        "documentNamespace": "https://sbom.example/server",
        "creationInfo": {"created": "2026-11-22T12:00:00Z", "creators": ["Tool: example"]},
        "packages": [
            {"SPDXID": "SPDXRef-root", "name": "server", "downloadLocation": "NOASSERTION"},
            {
                "SPDXID": "SPDXRef-part",
                "name": "tzdata",
                "versionInfo": "2026.3",
                "downloadLocation": "NOASSERTION",
                "checksums": [{"algorithm": "SHA256", "checksumValue": PART}],
                "externalRefs": [
                    {
                        "referenceCategory": "PACKAGE-MANAGER",
                        "referenceType": "purl",
                        "referenceLocator": "pkg:pypi/tzdata@2026.3",
                    }
                ],
            },
        ],
        "files": [
            {
                "SPDXID": "SPDXRef-file",
                "fileName": "./mcp_server_time/__init__.py",
                "checksums": [
                    {"algorithm": "SHA1", "checksumValue": "0" * 40},
                    {"algorithm": "SHA256", "checksumValue": FILE},
                ],
            }
        ],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": "SPDXRef-root",
            },
            {"spdxElementId": "SPDXRef-part", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-file"},
        ],
    }


def make_spdx3() -> dict[str, Any]:
    """Return the same as a graph of SPDX 3.0.1."""
    info = {"creationInfo": "_:creation"}
    return {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {"type": "CreationInfo", "@id": "_:creation", "specVersion": "3.0.1", "created": "2026-11-22T12:00:00Z"},
            {"type": "SpdxDocument", "spdxId": "urn:document", "rootElement": ["urn:part"], **info},
            {
                "type": "software_Package",
                "spdxId": "urn:part",
                "name": "tzdata",
                "software_packageVersion": "2026.3",
                "software_packageUrl": "pkg:pypi/tzdata@2026.3",
                "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": PART}],
                **info,
            },
            {
                "type": "software_File",
                "spdxId": "urn:file",
                "name": "./mcp_server_time/__init__.py",
                "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": FILE}],
                **info,
            },
            {
                "type": "Relationship",
                "spdxId": "urn:contains",
                "from": "urn:part",
                "to": ["urn:file"],
                "relationshipType": "contains",
                **info,
            },
        ],
    }


SPDX: Final = json.dumps(make_spdx(), indent=2).encode()
SPDX3: Final = json.dumps(make_spdx3(), indent=2).encode()
SIGNED_SPDX: Final = make_attestation("https://spdx.dev/Document", make_spdx(), ABOUT)
COSIGN_SPDX: Final = make_attestation("https://spdx.dev/Document", json.dumps(make_spdx()), ABOUT)

# --- lock files -------------------------------------------------------------------------------------------------------

SHA512: Final = hashlib.sha512(b"the tarball of a dependency").digest()
INTEGRITY: Final = f"sha512-{to_base64(SHA512)}"

NPM_LOCK: Final = json.dumps(
    {
        "name": "server",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "requires": True,
        "packages": {
            "": {"name": "server", "version": "1.0.0", "dependencies": {"@scope/part": "1.0.0"}},
            "node_modules/@scope/part": {
                "version": "1.0.0",
                "integrity": INTEGRITY,
            },
        },
    },
    indent=2,
).encode()

PNPM_LOCK: Final = f"""\
lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

importers:

  .:
    dependencies:
      '@scope/part':
        specifier: 1.0.0
        version: 1.0.0

packages:

  '@scope/part@1.0.0':
    resolution: {{integrity: {INTEGRITY}}}
    engines: {{node: '>=18'}}
    cpu: [arm64, x64]

snapshots:

  '@scope/part@1.0.0': {{}}
""".encode()

REQUIREMENTS: Final = f"""\
# What the server is installed from.
--only-binary :all:
tzdata==2026.3 ; sys_platform == 'win32' \\
    --hash=sha256:{PART} \\
    --hash=sha256:{FILE}
    # via server
""".encode()

UV_LOCK: Final = f"""\
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "server"
version = "1.0"
source = {{ virtual = "." }}
dependencies = [{{ name = "tzdata" }}]

[[package]]
name = "tzdata"
version = "2026.3"
source = {{ registry = "simple" }}
sdist = {{ path = "tzdata-2026.3.tar.gz", hash = "sha256:{FILE}", size = 7 }}
wheels = [
    {{ path = "tzdata-2026.3-py3-none-any.whl", hash = "sha256:{PART}", size = 9 }},
]
""".encode()

PYLOCK: Final = f"""\
lock-version = "1.0"
created-by = "example"

[[packages]]
name = "tzdata"
version = "2026.3"
sdist = {{ path = "tzdata-2026.3.tar.gz", hashes = {{ sha256 = "{FILE}" }} }}
wheels = [{{ path = "tzdata-2026.3-py3-none-any.whl", hashes = {{ sha256 = "{PART}" }} }}]
""".encode()
