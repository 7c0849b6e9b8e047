from odoo.tools import SQL


def uninstall_hook(env):
    """Take the guards of the tables of history along."""
    for model in ("payment.plan.version", "payment.plan.event"):
        guard = SQL.identifier(env[model]._get_guard_name())
        env.cr.execute(SQL("DROP FUNCTION IF EXISTS %s CASCADE", guard))
