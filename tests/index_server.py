"""A package index and an npm registry on this machine's loopback, small enough to read: for tests of fetching."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

SIMPLE = "application/vnd.pypi.simple.v1+json"


@contextmanager
def serve(pages: Mapping[str, tuple[str, bytes]]) -> Iterator[str]:
    """Serve pages (path: content type and bytes) until the end of the block; yields the address."""

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, octets = pages.get(unquote(self.path), ("text/plain", b""))
            self.send_response(200 if unquote(self.path) in pages else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pypi_pages(
    wheels: Mapping[str, tuple[str, bytes]], provenance: Mapping[str, bytes], address: str
) -> dict[str, tuple[str, bytes]]:
    """Return the pages of a PEP 691 index: wheels by file name (project, bytes), provenance objects by file name."""
    pages: dict[str, tuple[str, bytes]] = {}
    files: dict[str, list[dict[str, Any]]] = {}
    for filename, (project, octets) in wheels.items():
        row: dict[str, Any] = {
            "filename": filename,
            "url": f"{address}/files/{filename}",
            "hashes": {"sha256": hashlib.sha256(octets).hexdigest()},
            "provenance": f"{address}/provenance/{filename}" if filename in provenance else None,
        }
        files.setdefault(project, []).append(row)
        pages[f"/files/{filename}"] = ("application/octet-stream", octets)
    for filename, octets in provenance.items():
        pages[f"/provenance/{filename}"] = ("application/json", octets)
    for project, rows in files.items():
        page = {"meta": {"api-version": "1.3"}, "name": project, "files": rows}
        pages[f"/simple/{project}/"] = (SIMPLE, json.dumps(page).encode())
    return pages


def tarball(files: Mapping[str, bytes]) -> bytes:
    """Return an npm tarball: everything below `package/`."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, octets in files.items():
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(octets)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(octets))
    return gzip.compress(stream.getvalue(), mtime=0)


def npm_pages(
    packages: Mapping[tuple[str, str], tuple[Mapping[str, str], bytes]],
    attestations: Mapping[tuple[str, str], bytes],
    address: str,
) -> dict[str, tuple[str, bytes]]:
    """Return the pages of an npm registry: (name, version) to (dependencies, tarball), and attestations files."""
    pages: dict[str, tuple[str, bytes]] = {}
    projects: dict[str, dict[str, Any]] = {}
    for (name, version), (dependencies, octets) in packages.items():
        path = f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
        dist: dict[str, Any] = {
            "tarball": f"{address}{path}",
            "shasum": hashlib.sha1(octets).hexdigest(),
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(octets).digest()).decode(),
        }
        if (name, version) in attestations:
            where = f"/-/npm/v1/attestations/{name}@{version}"
            dist["attestations"] = {"url": f"{address}{where}"}
            pages[where] = ("application/json", attestations[name, version])
        row = {"name": name, "version": version, "dependencies": dict(dependencies), "dist": dist}
        projects.setdefault(name, {})[version] = row
        pages[path] = ("application/octet-stream", octets)
        pages[f"/{name}/{version}"] = ("application/json", json.dumps(row).encode())
    for name, versions in projects.items():
        newest = list(versions)[-1]
        page = {"name": name, "dist-tags": {"latest": newest}, "versions": versions}
        pages[f"/{name}"] = ("application/json", json.dumps(page).encode())
    return pages
