"""The environment in which Odoo runs: variables, configuration, commands."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from . import database, project, venv
from .odoo_source import OdooSource

CONF = """\
[options]
addons_path = {addons_path}
data_dir = {data_dir}
http_interface = 127.0.0.1
limit_memory_hard = 0
limit_memory_soft = 0
limit_time_real = 0
list_db = False
"""


@dataclass(frozen=True)
class Environment:
    """All that a command needs to run Odoo with the add-ons of a folder."""

    source: OdooSource
    variables: dict[str, str]
    conf: Path

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs Odoo with ``arguments``."""
        return [str(venv.python()), "-m", "odoo", *arguments]


def _configuration(source: OdooSource, addons_root: Path) -> Path:
    """Write the configuration file for the add-ons below ``addons_root``."""
    paths = [*source.addons_paths]
    if project.addons(addons_root):
        paths.append(addons_root)
    paths = paths or [source.python_path / "odoo" / "addons"]
    text = CONF.format(
        addons_path=",".join(str(path) for path in paths),
        data_dir=database.data_dir(),
    )
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    folder = project.cache_dir() / "conf"
    folder.mkdir(exist_ok=True)
    path = folder / f"odoo-{key}.conf"
    if not path.exists():
        building = path.with_suffix(f".{os.getpid()}")
        building.write_text(text)
        building.rename(path)
    return path


def prepare(source: OdooSource, addons_root: Path = project.REPO) -> Environment:
    """Return the environment; the server's variables are already in os.environ."""
    conf = _configuration(source, addons_root)
    binaries = str(venv.python().parent)
    variables = {
        **os.environ,
        "PATH": os.pathsep.join([binaries, os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": os.pathsep.join([str(source.python_path), str(project.REPO)]),
        "PYTHONUNBUFFERED": "1",
        "ODOO_RC": str(conf),
        "PGDATABASE": database.MAINTENANCE,
    }
    return Environment(source, variables, conf)
