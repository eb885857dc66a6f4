"""The installation that the tests of a run use, for those of what follows from it."""

from tests.unit.agent.test_run import bench, made

__all__ = ["bench", "made"]
