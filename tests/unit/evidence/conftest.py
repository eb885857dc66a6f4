"""What the tests of several reports look at."""

from __future__ import annotations

import pytest

from attest.evidence.verdict import Verdict
from tests.evidence_story import Story, judge


@pytest.fixture(scope="session")
def drift(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """The verdict over a run in which a measurement found something, and what is sealed for that was done."""
    with Story(tmp_path_factory.mktemp("drift")) as story:
        story.start().measure()
        story.act(story.violate())
        return judge(story.stop().export())
