"""What is particular to this project: names, folders, modules, demo logins."""

import ast
import hashlib
import os
from pathlib import Path

NAME = "prepaid-billing-dev"
ODOO_SERIES = "19.0"
REPO = Path(__file__).resolve().parent.parent

#: Add-ons that only tests install; never packaged, never in ``make run``.
TEST_ADDONS = REPO / "tests" / "addons"

#: Core modules that the add-ons extend, and what their demo data needs.
#: One list: the template database holds exactly these and what they depend on.
TEMPLATE_MODULES = (
    "account",
    "account_payment",
    "base_automation",
    "hr_timesheet",
    "l10n_us",
    "loyalty",
    "payment_custom",
    "payment_demo",
    "payment_stripe",
    "portal",
    "project",
    "sale_loyalty",
    "sale_management",
    "sale_project",
    "sale_timesheet",
    "spreadsheet_dashboard",
    "survey",
)

#: Raised by hand when the way the template is built changes.
TEMPLATE_RECIPE = 2

#: Shown by ``make run`` when the database knows them: role, login, password.
DEMO_LOGINS = (
    ("Administrator", "admin", "admin"),
    ("Back-office manager", "mona", "mona"),
    ("Employee who only logs time", "theo", "theo"),
    ("Portal customer", "customer", "customer"),
    ("Studio that offers payment plans", "ines", "ines"),
    ("Portal customer with a plan", "camila", "camila"),
)

#: Files that Debian strips although a bundle lists them: (bundle, path).
STRIPPED_ASSETS = (
    (
        "web.assets_backend",
        "mail/static/lib/selfie_segmentation/selfie_segmentation.js",
    ),
)

#: The bundles that browser tests load; compiled once per version of the add-ons.
TEST_BUNDLES = (
    "web.assets_frontend",
    "web.assets_frontend_minimal",
    "web.assets_frontend_lazy",
    "web.assets_web",
    "web.assets_web_print",
    "web.assets_tests",
    "web.report_assets_common",
    "web.report_assets_pdf",
)

UPSTREAM_GIT = "https://github.com/odoo/odoo.git"


def cache_dir() -> Path:
    """Return the cache folder of the user, created when missing."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = Path(base).absolute() / NAME
    path.mkdir(parents=True, exist_ok=True)
    return path


def key(*parts: object, length: int = 12) -> str:
    """Return a short name for what is made from ``parts``."""
    text = "\n".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def addons(root: Path = REPO) -> list[str]:
    """Return the names of the add-ons in a folder, by default our own, sorted."""
    return sorted(path.parent.name for path in root.glob("*/__manifest__.py"))


def depends(name: str, root: Path = REPO) -> set[str]:
    """Return what an add-on depends on."""
    text = (root / name / "__manifest__.py").read_text(encoding="utf-8")
    return set(ast.literal_eval(text).get("depends", ()))


def addon_key(name: str, root: Path = REPO) -> str:
    """Return a key of an add-on's content."""
    digest = hashlib.sha256()
    for path in sorted((root / name).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(root)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
