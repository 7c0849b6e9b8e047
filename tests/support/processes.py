"""Real Odoo processes, to be waited for or killed."""

import os
import signal
import subprocess
import sys
import time

from .logs import new_log


class OdooProcess:
    """A process that runs Python code with ``env`` on a database.

    The code may commit (``env.cr.commit()``); what it has not committed at its
    end is rolled back. What it prints is found in :attr:`output`.
    """

    def __init__(self, code: str, db: str):
        self._log = new_log("process")
        command = [sys.executable, "-m", "odoo", "shell", "-d", db, "--no-http"]
        with open(self._log, "w") as output:
            self.popen = subprocess.Popen(
                [*command, "--log-level=error"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self.popen.stdin.write(code)
        self.popen.stdin.close()

    @property
    def output(self) -> str:
        """Return what the process has printed so far, errors included."""
        return self._log.read_text(errors="replace")

    def wait_for(self, marker: str, timeout: float = 60) -> None:
        """Wait until the process has printed ``marker``."""
        deadline = time.monotonic() + timeout
        while marker not in self.output:
            assert self.popen.poll() is None, self.output
            assert time.monotonic() < deadline, f"no {marker!r} in:\n{self.output}"
            time.sleep(0.01)

    def wait(self, timeout: float = 300) -> str:
        """Wait for a good end; return the output."""
        assert self.popen.wait(timeout) == 0, self.output
        return self.output

    def kill(self) -> None:
        """Kill the process as a power cut would, without any clean-up."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()


def odoo_process(code: str, db: str) -> OdooProcess:
    """Start code with ``env`` in a process of its own."""
    return OdooProcess(code, db)
