"""What every test relies on: the same examples each time, no home of the person who runs it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from attest.statement.profile import FORBIDDEN_NAMES
from tests.mounts import leave_others_mounts

# Servers write .pyc files at their first start, and much of this program is about them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# What can load other code is a finding in a server that a test starts.
for _name in FORBIDDEN_NAMES:
    os.environ.pop(_name, None)

settings.register_profile(
    "default",
    database=None,
    deadline=None,
    derandomize=True,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow],
)
# Other examples each time, and many more of them: `make laws`.
settings.register_profile(
    "long",
    deadline=None,
    max_examples=1_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


LONGEST = (
    "tests/real/test_demo.py",
    "tests/real/test_installers.py",
    "tests/ci/test_other_systems.py",
    "tests/attacks/test_attacks.py",
    "tests/docs/test_blocks.py",
    "tests/packaging/test_wheel.py",
    "tests/unit/test_readers_property.py",
)
"""The longest files, in that order: begun last, one of them would keep one worker busy and the others idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; a worker takes a file at a time."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(LONGEST)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how far the laws were tried, so that a quick run is not taken for the long one."""
    more = "; make laws tries more" if settings.get_current_profile_name() == "default" else ""
    terminalreporter.write_line(f"laws: some {settings().max_examples} examples each{more}")


@pytest.fixture(autouse=True)
def lease_breaks() -> Iterator[None]:
    """Undo what an agent does to its process: under leases, a test that writes what is being read waits for itself."""
    yield
    if signal.getsignal(signal.SIGIO) is not signal.SIG_DFL:
        signal.signal(signal.SIGIO, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def mounts() -> None:
    """Other tests, beside this worker's, mount file systems; what is mounted here is seen by nobody else."""
    leave_others_mounts()


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty home folder; pip alone keeps its cache and its configuration."""
    real, empty = Path.home(), tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        if "PIP_CACHE_DIR" not in os.environ:
            cache = Path(os.environ.get("XDG_CACHE_HOME") or real / ".cache")
            patch.setenv("PIP_CACHE_DIR", str(cache / "pip"))
        for configuration in (real / ".config/pip/pip.conf", real / ".pip/pip.conf"):
            if "PIP_CONFIG_FILE" not in os.environ and configuration.is_file():
                patch.setenv("PIP_CONFIG_FILE", str(configuration))
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(empty))
        yield empty
