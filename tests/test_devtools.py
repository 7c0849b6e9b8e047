"""The scripts behind make: what does not need a download."""

import struct
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devtools import (
    checks,
    coverage,
    debian,
    odoo_source,
    project,
    pytest_plugin,
    steps,
    testing,
    wkhtmltopdf,
)

from . import support

SOURCES = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/example.gpg

Types: deb
URIs: http://other.example/
Suites: bookworm
Components: main
Enabled: no
"""
LIST = """\
# deb http://old.example/ bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=KEY] http://mirror.example/debian bookworm main contrib # x
""".replace("KEY", "/usr/share/keyrings/example.gpg")


@pytest.fixture(params=["sources", "list"])
def etc(request, tmp_path) -> Path:
    """Give a folder like /etc/apt, in the new or the old format."""
    (tmp_path / "sources.list.d").mkdir()
    if request.param == "sources":
        (tmp_path / "sources.list.d" / "debian.sources").write_text(SOURCES)
    else:
        (tmp_path / "sources.list").write_text(LIST)
    return tmp_path


def test_package_sources_of_the_machine(etc):
    (stanza,) = debian.machine_sources(etc)
    assert stanza["Uris"] == "http://mirror.example/debian"
    assert debian.private_sources([stanza], "bookworm") == (
        "Types: deb\n"
        "URIs: http://mirror.example/debian\n"
        "Suites: bookworm unstable\n"
        "Components: main\n"
        "Signed-By: /usr/share/keyrings/example.gpg\n"
    )


def test_unknown_suite_is_said_plainly(etc):
    with pytest.raises(steps.Problem, match="offers trixie/main"):
        debian.private_sources(debian.machine_sources(etc), "trixie")


def odoo_tree(root: Path, version: str) -> Path:
    """Make what looks like a clone of Odoo."""
    (root / "odoo").mkdir(parents=True)
    (root / "addons" / "web").mkdir(parents=True)
    (root / "addons" / "web" / "__manifest__.py").touch()
    (root / "odoo" / "release.py").write_text(f"version_info = ({version}, 0, FINAL)\n")
    return root


def test_odoo_is_known_by_its_version(tmp_path):
    right = odoo_tree(tmp_path / "right", "19, 0")
    assert odoo_source.inspect(right).addons_paths == (right / "addons",)
    assert not odoo_source.inspect(odoo_tree(tmp_path / "wrong", "18, 0"))
    (tmp_path / "empty").mkdir()
    assert not odoo_source.inspect(tmp_path / "empty")


def test_wrong_odoo_path_is_said_plainly(tmp_path, monkeypatch):
    monkeypatch.setenv("ODOO_PATH", str(odoo_tree(tmp_path / "wrong", "18, 0")))
    with pytest.raises(steps.Problem, match=r"holds no Odoo 19\.0"):
        odoo_source.locate()


def test_git_is_the_way_without_apt(tmp_path, monkeypatch):
    upstream = odoo_tree(tmp_path / "upstream", "19, 0")
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q", "-b", "19.0"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run(["git", *identity, *words], cwd=upstream, check=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ODOO_PATH", raising=False)
    monkeypatch.setattr(debian, "available", lambda: False)
    monkeypatch.setattr(project, "UPSTREAM_GIT", upstream.as_uri())
    source = odoo_source.locate()
    assert source.python_path.is_relative_to(tmp_path / "cache")
    assert source == odoo_source.locate()


def test_failed_build_leaves_nothing(tmp_path):
    target = tmp_path / "target"
    with pytest.raises(ValueError, match="half-way"), steps.fresh_folder(target) as new:
        (new / "half").touch()
        raise ValueError("half-way")
    assert not list(tmp_path.iterdir())


BAD_MODEL = """
from odoo import fields, models

class Bad(models.Model):
    _name = "bad.model"
    company_id = fields.Many2one("res.company")
    partner_ids = fields.Many2one("res.partner")
    total_amount = fields.Float()

    def read_all(self):
        return self.env["res.partner"].sudo().search([])
"""
GOOD_MODEL = """
from odoo import fields, models

class Good(models.Model):
    _name = "good.model"
    company_id = fields.Many2one("res.company")
    total_amount = fields.Monetary()

    def read_all(self):
        # the employee may not read partners, but sees this one's name
        return self.env["res.partner"].sudo().search([])
"""
RULE = """<odoo><record id="r" model="ir.rule">
<field name="model_id" ref="model_good_model"/>
<field name="domain_force">[("company_id", "in", company_ids)]</field>
</record></odoo>"""


def addon(root: Path, model: str, rule: str = "") -> Path:
    """Make an add-on of one file; return that file."""
    (root / "security").mkdir()
    (root / "__manifest__.py").write_text("{}")
    (root / "security" / "rules.xml").write_text(rule)
    (root / "model.py").write_text(model)
    return root / "model.py"


def test_checks_find_what_they_are_for(tmp_path):
    findings = {rule for _line, rule in checks.check(addon(tmp_path, BAD_MODEL))}
    wanted = {"no-company-rule", "many2one-ids", "float-money", "bare-sudo"}
    assert findings == wanted


def test_checks_accept_what_is_explained(tmp_path):
    assert checks.check(addon(tmp_path, GOOD_MODEL, RULE)) == []


def test_checks_measure_length(tmp_path):
    body = textwrap.indent("x = 1\n" * 41, "    ")
    (tmp_path / "long.py").write_text(f"def long():\n{body}" + "\n" * 400)
    rules = [rule for _line, rule in checks.check(tmp_path / "long.py")]
    assert rules == ["long-file", "long-method"]


def test_pdf_stand_in_reads_a_command_line(tmp_path):
    (tmp_path / "jar").write_text("session_id=abc; Path=/")
    job = wkhtmltopdf.parse(
        ["--quiet", "--page-size", "A5", "--orientation", "Landscape"]
        + ["--margin-top", "40.0", "--cookie-jar", str(tmp_path / "jar")]
        + ["one.html", "two.html", "out.pdf"]
    )
    assert job.size() == (210, 148)
    assert job.margins() == {"top": 40.0, "bottom": 0.0, "left": 0.0, "right": 0.0}
    assert job.cookies == [("session_id", "abc")]
    assert (job.bodies, job.output) == (["one.html", "two.html"], "out.pdf")


def test_commands_are_listed():
    result = subprocess.run(
        [sys.executable, "-m", "devtools", "help"],
        cwd=project.REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in ("run", "test", "lint", "bench", "core-tests", "clean-cache"):
        assert f"\n  {name} " in result.stderr


def test_process_commits_and_can_be_killed(scratch_db, odoo_process):
    odoo_process(
        "env['res.partner'].create({'name': 'kept'}); env.cr.commit()", scratch_db
    ).wait()
    killed = odoo_process(
        "env['res.partner'].create({'name': 'lost'})\n"
        "env.cr.flush(); print('ready', flush=True)\n"
        "import time; time.sleep(60)",
        scratch_db,
    )
    killed.wait_for("ready")
    killed.kill()
    query = "SELECT name FROM res_partner WHERE name IN ('kept', 'lost')"
    assert support.sql(scratch_db, query) == [("kept",)]


def test_live_server_and_browser(page, live_server, screenshot):
    page.goto("/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.click("button[type=submit]")
    page.wait_for_selector(".o_web_client .o_main_navbar")
    assert page.url.startswith(live_server.url)
    # A PNG's width and height follow its first 16 bytes.
    picture = screenshot(page, "devtools-backend").read_bytes()
    assert struct.unpack(">II", picture[16:24]) == (1366, 768)


def test_lanes_leave_no_test_out():
    """Each file of tests is run by one lane, whatever folder is added."""
    lanes = [word for lane in testing._lanes([]) for word in lane]
    files = [
        path
        for path in project.REPO.glob("**/test_*.py")
        if path.is_relative_to(project.REPO / "tests")
        or path.parent.parent.name in project.addons()
    ]
    for path in files:
        name = path.relative_to(project.REPO).as_posix()
        assert sum(name == lane or name.startswith(f"{lane}/") for lane in lanes) == 1
    assert len(files) > 50
    [chosen] = testing._lanes(["-k", "foo"])
    assert sorted(chosen) == sorted([*lanes, "-k", "foo"])
    assert testing._lanes(["tests/browser", "-x"]) == [["tests/browser", "-x"]]


def test_a_day_ends_at_midnight():
    """No test begins where too little is left of the day."""
    last = datetime(2026, 2, 28, 23, 59, 30, tzinfo=UTC)
    assert pytest_plugin.seconds_left(last) == 30
    assert pytest_plugin.seconds_left(last + timedelta(seconds=30)) == 24 * 60 * 60


def test_numbers_in_the_names_of_tests():
    """A test says by its name what it shows."""
    assert coverage.numbers_in("test_b01_bf3_two_users") == ["B01", "BF3"]
    assert coverage.numbers_in("test_p18_bf_b") == []
    assert coverage.numbers_in("test_b9x_bf12") == ["BF12"]


def test_tests_of_a_file(tmp_path):
    """Functions and methods count, helpers do not."""
    path = tmp_path / "test_x.py"
    path.write_text(
        "def test_b11_a(): ...\n"
        "class TestX:\n"
        "    def _help(self): ...\n"
        "    def test_bf2_b(self): ...\n"
    )
    assert list(coverage.tests_in(path)) == ["test_b11_a", "TestX.test_bf2_b"]
