"""Where Odoo's source comes from: ``ODOO_PATH``, Debian's package, or git."""

import contextlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import debian, project
from .steps import Problem, fresh_folder, lock, run, say, step


@dataclass(frozen=True)
class OdooSource:
    """A tree of Odoo: what goes on PYTHONPATH, and folders of more add-ons."""

    python_path: Path
    addons_paths: tuple[Path, ...]
    version: str

    @property
    def core_addons(self) -> Path:
        """Return the folder of core add-ons inside the package."""
        return self.python_path / "odoo" / "addons"


def _revision(root: Path, base: Path) -> str:
    """Return what tells two copies of the same release apart."""
    note = root / debian.DOWNLOADED
    if note.exists():
        return note.read_text()
    if (base / ".git").exists() and shutil.which("git"):
        with contextlib.suppress(Problem):
            return run(["git", "-C", base, "rev-parse", "HEAD"])
    return ""


def inspect(root: Path) -> OdooSource | None:
    """Return the Odoo found at ``root`` when it is of the right series.

    Both layouts are known: a clone (``odoo/``, ``addons/``) and an installed
    or unpacked package (everything below ``odoo/``).
    """
    for base in (root, root / "usr/lib/python3/dist-packages", root.parent):
        release = base / "odoo" / "release.py"
        if not release.is_file():
            continue
        text = release.read_text()
        found = re.search(r"^version_info = \((\d+), (\d+)", text, re.MULTILINE)
        if not found or ".".join(found.groups()) != project.ODOO_SERIES:
            continue
        core = (base / "addons", base / "odoo" / "addons")
        paths = tuple(p for p in core[:1] if (p / "web" / "__manifest__.py").exists())
        if not paths and not (core[1] / "web" / "__manifest__.py").exists():
            continue
        return OdooSource(base, paths, project.key(text, _revision(root, base)))
    return None


def _from_debian(target: Path) -> bool:
    if not debian.available():
        return False
    with (
        tempfile.TemporaryDirectory(dir=project.cache_dir(), prefix="apt-") as work,
        fresh_folder(target) as folder,
    ):
        debian.fetch_odoo(folder, Path(work))
        if not inspect(folder):
            raise Problem("the package odoo-19 holds no Odoo 19.0")
    return True


def _from_git(target: Path) -> None:
    if not shutil.which("git"):
        raise Problem(
            "Odoo 19.0 is missing: set ODOO_PATH to a copy, or install apt or git."
        )
    command = ["git", "clone", "--quiet", "--depth=1", "--branch", project.ODOO_SERIES]
    with fresh_folder(target) as folder:
        run([*command, project.UPSTREAM_GIT, folder / "odoo"])


def _fetch(target: Path) -> None:
    try:
        if _from_debian(target):
            return
    except Problem as error:
        say(f"Debian's package is out of reach, trying git: {error}")
    _from_git(target)


def locate() -> OdooSource:
    """Return a usable Odoo 19.0, downloading it on first use.

    :raise Problem: when ``ODOO_PATH`` holds another version, or no way works
    """
    given = os.environ.get("ODOO_PATH")
    if given:
        source = inspect(Path(given).expanduser().absolute())
        if not source:
            raise Problem(f"ODOO_PATH={given} holds no Odoo {project.ODOO_SERIES}.")
        return source
    target = project.cache_dir() / f"odoo-{project.ODOO_SERIES}"
    with lock("odoo"):
        source = inspect(target) or inspect(target / "odoo")
        if not source:
            with step("Downloading Odoo 19.0 (about 130 MB)"):
                _fetch(target)
            source = inspect(target) or inspect(target / "odoo")
    if not source:
        raise Problem("the downloaded Odoo is not usable; try make clean-cache.")
    return source
