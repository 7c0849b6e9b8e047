"""What one run owns: its name, folder, port and databases; gone at the end.

A run that was killed leaves its folder behind, but not the lock in it: the
next run finds that and removes the folder and the databases of the dead one.
"""

import contextlib
import fcntl
import random
import secrets
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from . import database, postgres, project
from .environment import Environment, prepare, ready

PORTS = range(20000, 21000)


class Run:
    """A unique name and all that is called after it."""

    def __init__(self, name: str, folder: Path):
        self.name = name
        self.folder = folder

    def database(self, suffix: str) -> str:
        """Return the name of one of the run's databases."""
        return f"{self.name}_{suffix}"


def try_lock(path: Path) -> TextIO | None:
    """Lock a file without waiting; None when somebody else holds it."""
    handle = open(path, "a")  # noqa: SIM115 (kept open as long as it is locked)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def _remove(name: str, folder: Path) -> None:
    for db in database.names(f"{name}_"):
        database.drop(db)
    shutil.rmtree(folder, ignore_errors=True)


def _sweep(runs: Path) -> None:
    """Remove what killed runs left behind."""
    for folder in runs.iterdir():
        handle = try_lock(folder / "lock") if (folder / "lock").exists() else None
        if handle:
            _remove(folder.name, folder)
            handle.close()


@contextlib.contextmanager
def run() -> Iterator[Run]:
    """Give a new run; remove its folder and databases at the end."""
    runs = project.cache_dir() / "runs"
    runs.mkdir(exist_ok=True)
    _sweep(runs)
    name = f"{postgres.database_prefix()}run_{secrets.token_hex(4)}"
    folder = runs / name
    folder.mkdir()
    handle = try_lock(folder / "lock")
    try:
        yield Run(name, folder)
    finally:
        _remove(name, folder)
        handle.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def port() -> Iterator[int]:
    """Give a free local port that no other run of this user takes meanwhile."""
    folder = project.cache_dir() / "ports"
    folder.mkdir(exist_ok=True)
    for number in random.sample(PORTS, len(PORTS)):
        handle = try_lock(folder / str(number))
        if handle and _is_free(number):
            break
        if handle:
            handle.close()
    else:
        raise OSError("no free port")
    with handle:
        yield number


@contextlib.contextmanager
def environment(tests: bool = False) -> Iterator[tuple[Environment, Run]]:
    """Give an environment with a port and a run of its own.

    :param tests: also with the add-ons that only tests use
    """
    with port() as number, ready() as shared, run() as new:
        options = {"port": number, "folder": new.folder, "tests": tests}
        yield prepare(shared.source, **options), new
