"""What is told of an ordinary client that failed: the sentence that says why, and not what stands around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.errors import UnavailableError
from attest.fetch.client import run_client

NO_NETWORK = """\
npm warn config optional Use `--omit=optional` to exclude optional dependencies
npm error code EAI_AGAIN
npm error syscall getaddrinfo
npm error errno EAI_AGAIN
npm error request to https://index.example/foo failed, reason: getaddrinfo EAI_AGAIN index.example
npm error A complete log of this run can be found in: /var/log/npm/debug-0.log
"""
NO_SUCH_VERSION = """\
npm ERR! code ETARGET
npm ERR! notarget No matching version found for foo@9.
npm ERR! notarget In most cases you or one of your dependencies are requesting
npm ERR!
npm ERR! A complete log of this run can be found in: /var/log/npm/log
"""
NOTHING_BUT_A_CODE = "npm error code ELOOP\nnpm error A complete log of this run can be found in: /var/log/npm/log\n"
PIP = """\
WARNING: Retrying after connection broken by error
ERROR: Could not find a version that satisfies the requirement foo (from versions: none)
ERROR: No matching distribution found for foo
"""


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (NO_NETWORK, "1: request to https://index.example/foo failed, reason: getaddrinfo EAI_AGAIN index.example"),
        (NO_SUCH_VERSION, "1: notarget No matching version found for foo@9."),
        (PIP, "1: ERROR: No matching distribution found for foo"),
        ("it fell over\n", "1: it fell over"),
        ("", "1: nothing"),
    ],
    ids=["npm without network", "older npm", "pip", "no error by that word", "silence"],
)
def test_a_failure_is_told_by_its_sentence(printed: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        run_client([client(tmp_path, printed), "pack"], tmp_path, hint="h")
    assert (caught.value.where, caught.value.found, caught.value.hint) == ("npm pack", told, "h")


def test_an_error_that_is_only_a_code_is_told_by_it(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="ELOOP"):
        run_client([client(tmp_path, NOTHING_BUT_A_CODE), "pack"], tmp_path, hint="h")


def client(folder: Path, printed: str) -> str:
    """Return a program that prints to standard error and fails."""
    (folder / "said").write_text(printed)
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\ncat '{folder}/said' >&2\nexit 1\n")
    program.chmod(0o755)
    return str(program)
