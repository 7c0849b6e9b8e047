"""Chromium: Debian's package, installed with apt when root."""

import os
import shutil

from .steps import Problem, lock, run, step

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "Chromium is missing (browser tests and PDF reports need it): "
    "install the package chromium, or set CHROMIUM to a browser's path."
)
#: No first-run pages, no background traffic, no GPU; root needs --no-sandbox.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Return the path of a Chromium that is there."""
    given = os.environ.get("CHROMIUM")
    found = [shutil.which(name) for name in ((given,) if given else NAMES)]
    return next((path for path in found if path), None)


def ensure_chromium() -> str:
    """Return the path of Chromium, installing it when that is possible.

    :raise Problem: when it is missing and this user cannot install it
    """
    found = find_chromium()
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Problem(MISSING)
    with lock("chromium"):
        if not find_chromium():
            with step("Installing Chromium"):
                _install()
    found = find_chromium()
    if not found:
        raise Problem(MISSING)
    return found


def _install() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
    try:
        run(command, env=environment)
    except Problem:
        run(["apt-get", "-q", "update"], env=environment)
        run(command, env=environment)
