"""What is particular to this project: names, folders, modules, demo logins."""

import os
from pathlib import Path

NAME = "prepaid-billing-dev"
ODOO_SERIES = "19.0"
REPO = Path(__file__).resolve().parent.parent

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
TEMPLATE_RECIPE = 1

#: Shown by ``make run``: role, login, password.
DEMO_LOGINS = (
    ("Administrator", "admin", "admin"),
    ("Back-office manager", "manager", "manager"),
    ("Employee who only logs time", "employee", "employee"),
    ("Portal customer", "portal-customer", "portal-customer"),
)

#: The file that Debian strips although a bundle lists it: (bundle, path).
STRIPPED_ASSETS = (
    (
        "web.assets_backend",
        "mail/static/lib/selfie_segmentation/selfie_segmentation.js",
    ),
)

UPSTREAM_GIT = "https://github.com/odoo/odoo.git"


def cache_dir() -> Path:
    """Return the cache folder of the user, created when missing."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = Path(base).absolute() / NAME
    path.mkdir(parents=True, exist_ok=True)
    return path


def addons(root: Path = REPO) -> list[str]:
    """Return the names of the add-ons at the root of the repository, sorted."""
    return sorted(path.parent.name for path in root.glob("*/__manifest__.py"))
