"""Progress messages, locks, atomic folders and child processes."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import project


class Problem(Exception):
    """Something that the user can mend; shown as one plain sentence."""


def say(message: str) -> None:
    """Print a progress line at once, on the error stream."""
    sys.stderr.write(f"==> {message}\n")
    sys.stderr.flush()


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a long step, and how long it took."""
    say(f"{title} ...")
    start = time.monotonic()
    yield
    say(f"{title}: done in {time.monotonic() - start:.0f} s")


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold an exclusive lock shared by all clones and runs of this user."""
    folder = project.cache_dir() / "locks"
    folder.mkdir(exist_ok=True)
    with open(folder / name, "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run ({name})")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder that becomes ``target`` when the block succeeds."""
    building = target.with_name(f"{target.name}.building-{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        yield building
        shutil.rmtree(target, ignore_errors=True)
        building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def run(command: Sequence[str | Path], **kwargs) -> str:
    """Run a short command and return its output.

    :raise Problem: when it fails, with the last lines that it printed
    """
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    result = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **kwargs,
    )
    if result.returncode:
        tail = "\n".join(result.stdout.splitlines()[-15:])
        raise Problem(f"{command[0]} failed ({result.returncode}):\n{tail}")
    return result.stdout
