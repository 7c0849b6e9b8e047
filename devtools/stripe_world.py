"""The Stripe stand-in of the tests: a stateful copy of Stripe's API, and its edge.

The copy is the package ``seahaven-stripe-world``, in a virtual environment of
its own; ``tests/support/stripe_edge.py`` stands before it. Both are processes
of one run, which tests find by the variable ``STRIPE_BASE``.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from . import backport, environment, project, scratch, venv
from .environment import tail
from .steps import Problem, fresh_folder, lock, run, say, step

#: Where the stand-in answers; or why there is none, in one sentence.
BASE, PROBLEM = "STRIPE_BASE", "STRIPE_PROBLEM"
REQUIREMENTS = Path(__file__).with_name("requirements-stripe-world.txt")
PACKAGES = ("seahaven", "seahaven_stripe_world")
#: The packages are written for NATIVE; the backport needs at least OLDEST.
OLDEST, NATIVE = (3, 11), (3, 14)
START_TIMEOUT = 60

#: Ends with its parent, even when that is killed: its standard input closes.
SERVER = """
import os, sys, threading
from seahaven import http
from seahaven_stripe_world import world
from seahaven_stripe_world.http_api import handle

def watch():
    sys.stdin.read()
    os._exit(0)

threading.Thread(target=watch, daemon=True).start()
http.main(world, handle)
"""
#: Every world is an account in test mode.
RESET = '{"startup": {"livemode": false}}'


def _interpreter() -> tuple[str, tuple[int, ...]]:
    """Return a Python that can run the stand-in, this one if possible."""
    if sys.version_info[:2] >= OLDEST:
        return sys.executable, sys.version_info[:2]
    for minor in range(NATIVE[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found, (3, minor)
    raise Problem("the Stripe stand-in needs Python 3.11 or newer; install one.")


def folder() -> Path:
    """Return where the environment for these pins and this Python belongs."""
    _python, version = _interpreter()
    source = Path(backport.__file__).read_text()
    key = project.key(version, REQUIREMENTS.read_text(), source)
    return project.cache_dir() / f"stripe-world-{key}"


def _install(target: Path) -> None:
    interpreter, version = _interpreter()
    python = target / "bin" / "python"
    run([interpreter, "-m", "venv", target])
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = [
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-compile",
    ]
    run([*pip, *options, "--ignore-requires-python", "-r", REQUIREMENTS])
    if version < NATIVE:
        (packages,) = target.glob("lib/python3*/site-packages")
        for name in PACKAGES:
            backport.convert_folder(packages / name)
    run([python, "-m", "compileall", "-q", target / "lib"])
    run([python, "-c", "import seahaven.http, seahaven_stripe_world.http_api"])


def ensure() -> Path:
    """Install the stand-in on first use; return its interpreter.

    :raise Problem: when that is impossible here, in one plain sentence
    """
    target = folder()
    with lock("stripe-world"):
        if not target.exists():
            with step("Installing the Stripe stand-in of the tests"):
                _ensure_installed(target)
    return target / "bin" / "python"


def _ensure_installed(target: Path) -> None:
    try:
        with fresh_folder(target) as building:
            _install(building)
    except (Problem, SyntaxError, ValueError) as error:
        raise Problem(f"the Stripe stand-in cannot be installed:\n{error}") from error


@contextlib.contextmanager
def _started(command: list[str], log: Path, **options) -> Iterator[subprocess.Popen]:
    """Run a process that an interrupted terminal does not stop before its users."""
    with open(log, "w") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )
    with environment.stopping(process):
        yield process


def _wait_until_up(process: subprocess.Popen, url: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise Problem(f"the Stripe stand-in did not start:\n{tail(log)}")


@contextlib.contextmanager
def _world(logs: Path) -> Iterator[str]:
    """Run the copy of Stripe's API; give its address."""
    log = logs / "stripe-world.log"
    with scratch.port() as port:
        command = [str(ensure()), "-c", SERVER, "--port", str(port)]
        command += ["--max-instances", "0", "--reset-options", RESET]
        variables = {**os.environ, "TMPDIR": str(logs), "PYTHONPATH": ""}
        with _started(command, log, env=variables) as process:
            url = f"http://127.0.0.1:{port}"
            _wait_until_up(process, url, log)
            yield url


@contextlib.contextmanager
def running(logs: Path) -> Iterator[str]:
    """Run the stand-in; give the address that stands for Stripe's.

    :param logs: the folder of this run, for logs and the accounts' data
    """
    log = logs / "stripe-edge.log"
    with _world(logs) as world, scratch.port() as port:
        command = [str(venv.python()), "-m", "tests.support.stripe_edge"]
        command += ["--port", str(port), "--world", world]
        with _started(command, log, cwd=project.REPO) as process:
            url = f"http://127.0.0.1:{port}"
            _wait_until_up(process, url, log)
            yield url


@contextlib.contextmanager
def variables(logs: Path) -> Iterator[dict[str, str]]:
    """Give the variable for tests: the address, or why only these tests fail."""
    with contextlib.ExitStack() as stack:
        try:
            found = {BASE: stack.enter_context(running(logs))}
        except Problem as error:
            say(f"tests that need Stripe will fail: {error}")
            found = {PROBLEM: str(error).partition("\n")[0].rstrip(":")}
        yield found
