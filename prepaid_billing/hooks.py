from odoo.tools.sql import column_exists, create_column

COLUMNS = {"prepaid_state": "varchar", "prepaid_covered_hours": "float8"}


def pre_init_hook(env):
    """Add the columns of millions of timesheets empty, without computing each row.

    No timesheet is deducted before the add-on is installed.
    """
    for name, kind in COLUMNS.items():
        if not column_exists(env.cr, "account_analytic_line", name):
            create_column(env.cr, "account_analytic_line", name, kind)


def uninstall_hook(env):
    """Take the guards of the append-only tables along."""
    for model in ("prepaid.entry", "prepaid.allocation", "prepaid.recognition"):
        env[model]._drop_guard()
