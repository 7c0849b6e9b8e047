"""A scratch database for the races, dropped whatever happens."""

from collections.abc import Iterator

import pytest

from odoo.tools import config

from ..support import new_database
from .racing import Processes
from .world import World


@pytest.fixture(scope="package")
def world() -> Iterator[World]:
    """One database for all races; each story opens customers of its own."""
    enabled, config["test_enable"] = config["test_enable"], False
    try:
        with new_database() as name, Processes(name) as processes:
            yield World(processes)
    finally:
        config["test_enable"] = enabled
