"""A skip here says why in the summary: without Node nothing of this folder runs."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Have the summary list skipped tests with their reasons."""
    config.option.reportchars += "s"
