"""Answer the whole corpus in this process and print every surprise: run in a network namespace without a network."""

from __future__ import annotations

import contextlib
import io
import sys

from attest.errors import AttestError
from attest.provenance.sigstore.production import load_production
from attest.provenance.sigstore.verify import verify_bundle
from tests.conformance.client import main
from tests.conformance.test_corpus import arguments
from tests.corpus import cases, document, rows


def surprises() -> list[str]:
    found = []
    for case in cases():
        with contextlib.redirect_stderr(io.StringIO()):
            answered = main(arguments(case))
        if answered != (0 if case.passes else 1):
            found.append(case.folder.name)
    for row in rows():
        try:
            verify_bundle(document(row), load_production(), where="bundle")
            answer = "pass"
        except AttestError:
            answer = "fail"
        if answer != row["verify"]:
            found.append(row["file"])
    return found


if __name__ == "__main__":
    wrong = surprises()
    print(*wrong, f"{len(cases())} cases, {len(rows())} bundles", sep="\n")
    sys.exit(bool(wrong))
