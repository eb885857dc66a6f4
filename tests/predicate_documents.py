"""The payload of one statement of each predicate, by the predicate's short name: the examples of the specifications."""

from __future__ import annotations

from typing import Final

from tests import call_documents, log_documents

PAYLOADS: Final = {**log_documents.PAYLOADS, **call_documents.PAYLOADS}
