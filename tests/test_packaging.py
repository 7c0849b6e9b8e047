"""Each add-on is a Python package that installs next to Odoo."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from devtools import project

FIND = """
import sys
from odoo.modules.module import Manifest, initialize_sys_path
from odoo.tools import config
config.parse_config(["--addons-path", sys.argv[1]])
initialize_sys_path()
for name in sys.argv[2:]:
    manifest = Manifest.for_addon(name)
    assert manifest, name
    print(manifest.path)
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[str, Path]:
    """Build the wheels of all add-ons."""
    folder = tmp_path_factory.mktemp("wheels")
    result = {}
    for name in project.addons():
        project_file = project.REPO / name / "pyproject.toml"
        assert project_file.exists(), f"{project_file}: make lint writes it"
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--wheel-dir", folder]
        subprocess.run([*command, project.REPO / name], check=True)
        (result[name],) = folder.glob(f"odoo_addon_{name}-*.whl")
    return result


def tracked(addon: str) -> set[str]:
    """Return the files of an add-on that git knows and that exist."""
    listing = subprocess.run(
        ["git", "ls-files", "--", addon],
        cwd=project.REPO,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return {path for path in listing if (project.REPO / path).is_file()}


def test_every_addon_has_a_wheel(wheels):
    assert sorted(wheels) == project.addons()


def test_wheels_hold_all_files(wheels):
    for name, wheel in wheels.items():
        packed = set(zipfile.ZipFile(wheel).namelist())
        wanted = {
            f"odoo/addons/{path}"
            for path in tracked(name)
            if not path.endswith("/pyproject.toml")
        }
        assert wanted, name
        assert wanted <= packed, name


def test_odoo_finds_installed_addons(wheels, tmp_path):
    venv.create(tmp_path / "empty", with_pip=False)
    python = tmp_path / "empty" / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    command += ["--no-deps", "--no-index", *wheels.values()]
    subprocess.run(command, check=True)
    (site,) = (tmp_path / "empty").glob("lib/python3*/site-packages")
    odoo = os.environ["PYTHONPATH"].split(os.pathsep)[0]
    core = next(
        p for p in (f"{odoo}/addons", f"{odoo}/odoo/addons") if Path(p, "web").is_dir()
    )
    found = subprocess.run(
        [sys.executable, "-c", FIND, core, *wheels],
        env={**os.environ, "PYTHONPATH": f"{odoo}{os.pathsep}{site}", "ODOO_RC": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    paths = found.stdout.split()
    assert paths == [str(site / "odoo" / "addons" / name) for name in wheels]
