"""A scratch database for the races, dropped whatever happens."""

from collections.abc import Iterator

import pytest

from ..support import new_database
from .racing import open_processes
from .world import World


@pytest.fixture(scope="package")
def world() -> Iterator[World]:
    """One database for all races; each story opens customers of its own."""
    with new_database() as name, open_processes(name) as processes:
        yield World(processes)
