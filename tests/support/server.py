"""A real HTTP server for browser tests."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devtools import scratch
from devtools.environment import stopping
from devtools.serve import wait_until_up

from .databases import sql
from .logs import new_log


@dataclass
class LiveServer:
    """Where a running server answers, and its database and log."""

    url: str
    db: str
    log: Path


@contextlib.contextmanager
def live_server(db: str, *options: str) -> Iterator[LiveServer]:
    """Run Odoo's server on a database; scheduled actions do not run."""
    log = new_log("server")
    with scratch.port() as port, open(log, "w") as output:
        url = f"http://localhost:{port}"
        # Where customers are sent back to, also when no administrator logs in.
        query = "UPDATE ir_config_parameter SET value = %s WHERE key = 'web.base.url'"
        sql(db, query, [url])
        command = [sys.executable, "-m", "odoo", "server", "-d", db]
        command += ["--db-filter", f"^{db}$", "--http-port", str(port)]
        process = subprocess.Popen(
            [*command, "--max-cron-threads=0", *options],
            env=os.environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        with stopping(process):
            wait_until_up(process, url, log)
            yield LiveServer(url, db, log)
