"""Write tests/vectors/ and the examples in predicates/ and docs/; `--check` only compares.

Exits 1 if the comparison finds something. A good vector is `FORMAT/good*`, a bad one `FORMAT/bad-FAULT*`; `index.json`
says which error a bad one has to end in.
Everything is the same on every machine: the keys are made from their names.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from itertools import chain
from pathlib import Path
from typing import Final

from scripts import (
    anchor_vectors,
    call_vectors,
    certified_vectors,
    client_vectors,
    evidence_vectors,
    inventory_vectors,
    json_vectors,
    layout_vectors,
    mandate_vectors,
    policy_vectors,
    proof_vectors,
    signed_vectors,
    tools_vectors,
)
from scripts.vector import Vector
from tests.predicate_documents import PAYLOADS

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "tests" / "vectors"
INDEX: Final = "index.json"

PAGES: Final = ("formats.md", "tools.md")

_QUOTED: Final = re.compile(r"(<!-- (\S+) -->\n```\w+\n)(?s:.*?)(^```)", re.MULTILINE)

MAKERS: Final = (
    json_vectors.statements,
    certified_vectors.references,
    mandate_vectors.sub_mandates,
    call_vectors.references,
    call_vectors.receipts,
    call_vectors.disclosures,
    tools_vectors.tools,
    tools_vectors.sessions,
    json_vectors.entries,
    json_vectors.trust_files,
    json_vectors.manifests,
    signed_vectors.envelopes,
    signed_vectors.notes,
    signed_vectors.checkpoints,
    signed_vectors.key_files,
    proof_vectors.proofs,
    anchor_vectors.anchors,
    anchor_vectors.bundles,
    anchor_vectors.trust_files,
    evidence_vectors.attachments,
    evidence_vectors.bundles,
    evidence_vectors.build_evidence,
    inventory_vectors.spdx,
    inventory_vectors.lock_files,
    layout_vectors.layouts,
    policy_vectors.policies,
    evidence_vectors.archives,
    evidence_vectors.lists,
    evidence_vectors.runtimes,
    client_vectors.configurations,
)


def vectors() -> list[Vector]:
    """Return all vectors, sorted by file."""
    return sorted(chain.from_iterable(make() for make in MAKERS), key=lambda vector: vector.file)


def index(made: list[Vector]) -> bytes:
    """Return the index: one row a vector."""
    rows = [
        {
            "file": vector.file,
            "format": vector.format,
            "kind": "good" if vector.error is None else "bad",
            "fault": None if vector.error is None else vector.name,
            "error": vector.error,
        }
        for vector in made
    ]
    return ("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n").encode()


def specifications() -> dict[Path, bytes]:
    """Return the specifications, each with the example as it is now."""
    files = {}
    for name, payload in PAYLOADS.items():
        path = ROOT / "predicates" / f"{name}.md"
        before, opened, rest = path.read_text().partition("```json\n")
        _, closed, after = rest.partition("\n```")
        example = json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
        files[path] = f"{before}{opened}{example}{closed}{after}".encode()
    return files


def formats(made: list[Vector]) -> dict[Path, bytes]:
    """Return the pages that show whole documents: each block below the name of a vector is that vector."""
    texts = {f"tests/vectors/{vector.file}": vector.octets for vector in made if vector.error is None}

    def shown(page: str) -> bytes:
        return _QUOTED.sub(lambda found: f"{found[1]}{_lines(texts[found[2]])}{found[3]}", page).encode()

    return {path: shown(path.read_text()) for path in (ROOT / "docs" / name for name in PAGES)}


def _lines(octets: bytes) -> str:
    return octets.decode().removesuffix("\n") + "\n"


def wanted() -> dict[Path, bytes]:
    """Return every file that this script is responsible for."""
    made = vectors()
    if len({vector.file for vector in made}) != len(made):
        msg = "two vectors of one name"
        raise ValueError(msg)
    return {
        **{FOLDER / vector.file: vector.octets for vector in made},
        FOLDER / INDEX: index(made),
        **specifications(),
        **formats(made),
    }


def differences() -> list[str]:
    """Return one line for each file that is missing, stale or surplus."""
    files = wanted()
    wrong = [
        f"{path.relative_to(ROOT)}: {'stale' if path.exists() else 'missing'}"
        for path, octets in files.items()
        if not path.exists() or path.read_bytes() != octets
    ]
    surplus = [f"{path.relative_to(ROOT)}: surplus" for path in _lying() if path not in files]
    return sorted(wrong + surplus)


def write() -> None:
    """Make the files what they should be; surplus vectors are removed."""
    files = wanted()
    for path in _lying():
        if path not in files:
            path.unlink()
    for path, octets in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)


def _lying() -> list[Path]:
    return [path for path in FOLDER.rglob("*") if path.is_file()]


def main() -> int:
    """Write, or compare; return 1 if the comparison finds something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if not parser.parse_args().check:
        write()
        return 0
    found = differences()
    for line in found:
        print(line)
    if found:
        print("hint: python -m scripts.vectors", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
