"""``make run``: Odoo with the add-ons and demo data at a local address."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg2

from . import database, machine, postgres, project, template
from .environment import Environment, ready, stopping, tail
from .scratch import try_lock
from .steps import Problem, say, step

FIRST_PORT = 8069
START_TIMEOUT = 240


def _free_port() -> int:
    """Return ``PORT`` when given, else the first free port from 8069 on."""
    if os.environ.get("PORT"):
        return int(os.environ["PORT"])
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise Problem("no free port; set PORT.")


def _install_chromium() -> None:
    """PDF reports need Chromium; without it everything else works."""
    try:
        machine.ensure_chromium()
    except Problem as error:
        say(str(error))


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode("utf-8", "replace")


def wait_until_up(process: subprocess.Popen, url: str, log: Path) -> None:
    """Wait until the login page and its bundles are served.

    :raise Problem: when the server stops, or takes too long
    """
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            page = _get(f"{url}/web/login")
            for path in re.findall(r'(?:href|src)="(/web/assets/[^"]+)"', page):
                _get(url + path)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise Problem(f"the server did not start:\n{tail(log)}")


class RunDatabase:
    """The database that ``make run`` keeps for this clone of the repository."""

    def __init__(self):
        key = project.key(project.REPO)
        self.name = f"{postgres.database_prefix()}kept_{key}"
        self.note = project.cache_dir() / f"{self.name}.json"
        self.now = {name: project.addon_key(name) for name in project.addons()}

    def prepare(self, environment: Environment, fresh: bool) -> list[str]:
        """Create or reuse the database.

        :return: the options by which Odoo brings its modules up to date
        """
        recipe = template.template_name(environment)
        known = json.loads(self.note.read_text()) if self.note.exists() else {}
        if fresh or not database.exists(self.name) or known.get("recipe") != recipe:
            template.clone_installed(environment, self.name)
            known = {"recipe": recipe, "addons": self.now}
            self.note.write_text(json.dumps(known))
        before = known["addons"]
        new = [name for name in self.now if name not in before]
        changed = [name for name in self.now if before.get(name) != self.now[name]]
        changed = [name for name in changed if name not in new]
        options = ["-i", ",".join(new), "--with-demo"] if new else []
        options += ["-u", ",".join(changed)] if changed else []
        if options:
            say(f"updating {', '.join(new + changed)}; FRESH=1 starts with new data")
        return options

    def remember(self) -> None:
        """Note that the database has the add-ons as they are now."""
        known = json.loads(self.note.read_text())
        self.note.write_text(json.dumps({**known, "addons": self.now}))

    def logins(self) -> list[tuple[str, str, str]]:
        """Return the demo logins that the database knows."""
        with contextlib.closing(psycopg2.connect(dbname=self.name)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT login FROM res_users WHERE active")
            known = {row[0] for row in cursor.fetchall()}
        return [row for row in project.DEMO_LOGINS if row[1] in known]


def _banner(url: str, logins: list[tuple[str, str, str]], log: Path) -> str:
    rows = [f"    {role:<30} {login:<18} {secret}" for role, login, secret in logins]
    head = f"    {'Who':<30} {'login':<18} password"
    return "\n".join(
        ["", f"Odoo is ready: {url}", "", head, *rows, "", f"Log: {log}"]
        + ["Ctrl-C stops it; the data stay for the next run.", ""]
    )


def serve() -> int:
    """Run the server until it is interrupted."""
    kept = RunDatabase()
    handle = try_lock(project.cache_dir() / "locks" / kept.name)
    if not handle:
        raise Problem("make run is already active in this clone.")
    port = _free_port()
    url = f"http://localhost:{port}"
    log = project.cache_dir() / "logs" / f"{kept.name}.log"
    log.parent.mkdir(exist_ok=True)
    threading.Thread(target=_install_chromium, daemon=True).start()
    with handle, ready() as environment:
        options = kept.prepare(
            environment, os.environ.get("FRESH", "") not in ("", "0")
        )
        name = kept.name
        command = environment.command("server", "-d", name, "--db-filter", f"^{name}$")
        command += ["--http-port", str(port)]
        with open(log, "w") as output:
            process = subprocess.Popen(
                [*command, *options],
                env=environment.variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with stopping(process):
            return _until_interrupted(process, kept, url, log)


def _until_interrupted(
    process: subprocess.Popen, kept: RunDatabase, url: str, log: Path
) -> int:
    try:
        with step("Starting Odoo"):
            wait_until_up(process, url, log)
        kept.remember()
        sys.stdout.write(_banner(url, kept.logins(), log))
        sys.stdout.flush()
        process.wait()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        say("stopping")
        return 0
    raise Problem(f"the server stopped ({process.returncode}):\n{tail(log)}")
