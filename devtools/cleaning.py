"""``make clean-cache``: remove all that was downloaded and built."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from . import postgres, project, venv
from .steps import Problem, lock, say

DROP = """
from devtools import database, postgres
for name in database.names(postgres.database_prefix()):
    database.drop(name)
"""


def clean_cache(_arguments: list[str]) -> int:
    """Remove the cache folder, stopping the private PostgreSQL first."""
    cache = project.cache_dir()
    if postgres.given():
        _drop_databases(venv.python())
    _remove_cluster(cache)
    shutil.rmtree(cache)
    say(f"removed {cache}")
    return 0


def _drop_databases(python: Path) -> None:
    """Drop our databases on the given server, if anything was ever set up."""
    if python.exists():
        environment = {**os.environ, "PYTHONPATH": str(project.REPO)}
        subprocess.run([python, "-c", DROP], env=environment, check=True)


def _remove_cluster(cache: Path) -> None:
    with open(cache / "postgres-users", "a") as users, lock("postgres"):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Problem("another run is using the cache; stop it first.") from error
        postgres.Cluster().remove()
