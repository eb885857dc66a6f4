"""What could be a secret is not sealed; what plainly is none is."""

from __future__ import annotations

import pytest

from attest.wrap.secret_words import LABEL, secret_labels


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (["--api-key", "x"], {1: LABEL}),
        (["--apikey", "x"], {1: LABEL}),
        (["--token", "--verbose", "x"], {}),
        (["--password=x y"], {0: f"--password={LABEL}"}),
        (["-e", "GITHUB_TOKEN=x"], {1: f"GITHUB_TOKEN={LABEL}"}),
        (["--header", "Authorization: x"], {1: LABEL}),
        (["postgresql://me:word@db.example/x"], {0: f"postgresql://{LABEL}"}),
        (["https://mcp.example/?api_key=x"], {0: f"https://{LABEL}"}),
        (["ghp_abc", "sk-abc", "eyJhbGci"], {0: LABEL, 1: LABEL, 2: LABEL}),
        (["0123456789abcdef0123456789abcdef"], {0: LABEL}),
    ],
)
def test_what_could_be_a_secret_has_a_label(words, labels):
    assert secret_labels(words) == labels


@pytest.mark.parametrize(
    "word",
    ["-y", "mcp-server-time", "@modelcontextprotocol/server-filesystem@2026.8.31", "--local-timezone=Europe/Zurich",
     "/srv/files/of/some/project/with/a/long/path/2026", "https://mcp.example/sse?version=2", "8080", "--stdio", ""],
)  # fmt: skip
def test_what_plainly_is_none_is_sealed(word):
    assert secret_labels(["--port", word]) == {}
