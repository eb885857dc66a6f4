"""The hygiene script finds what it is for; planted faults are put together here, not spelled."""

from pathlib import PurePosixPath

import pytest

from scripts.hygiene import LONGEST_MODULE, disagreements, faults

PYPROJECT = '[project]\nversion = "1.2"\ndependencies = ["click>=8"]\n'


@pytest.mark.parametrize(
    "pieces",
    [
        ("https://", "pypi", ".org/simple"),
        ("files.", "python", "hosted.org"),
        ("registry", ".npmjs.org"),
        ("crates", ".io"),
        ("pip install --", "index-url X"),
        ("pip install --", "find-links X"),
        ("https://", "github.com/a/b/v1", ".tar", ".gz"),
        ("see /", "root/x"),
        ("'/", "home/me/x'"),
        ("/", "work/main"),
    ],
)
def test_a_planted_fault_is_found_with_its_line(pieces):
    (fault,) = faults(PurePosixPath("docs/x.md"), "first\n" + "".join(pieces) + "\n")
    assert fault.startswith("docs/x.md:2: ")


@pytest.mark.parametrize(
    "line",
    [
        "https://docs.pypi.org/attestations/publish/v1",
        "https://example.com/thing-1.0-py3-none-any.whl",
        "pkg:pypi/mcp-server-time",
        "https://github.com/mcp-attest/home/someone",
        "~/.config",
    ],
)
def test_what_only_looks_like_one_is_let_pass(line):
    assert list(faults(PurePosixPath("docs/x.md"), line)) == []


def test_a_module_over_the_limit_is_found_and_a_long_test_is_not():
    text = "x = 1\n" * (LONGEST_MODULE + 1)
    assert len(list(faults(PurePosixPath("attest/x.py"), text))) == 1
    assert list(faults(PurePosixPath("tests/x.py"), text)) == []


def test_dependencies_and_versions_that_disagree_are_found():
    assert list(disagreements(PYPROJECT, "# why\nclick>=8\n", 'VERSION = "1.2"')) == []
    assert len(list(disagreements(PYPROJECT, "click>=9\n", 'VERSION = "1.2"'))) == 2
    assert len(list(disagreements(PYPROJECT, "click>=8\n", 'VERSION = "1.3"'))) == 1
