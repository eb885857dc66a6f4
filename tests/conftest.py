"""What every test relies on: the same examples each time, no home of the person who runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Servers write .pyc files at their first start, and much of this program is about them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile(
    "default",
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long",
    deadline=None,
    max_examples=5_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


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
