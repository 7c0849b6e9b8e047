from odoo.tools import SQL


def uninstall_hook(env):
    """Take the guards of the tables of history along."""
    for model in ("autopay.attempt", "autopay.mandate", "autopay.mandate.event"):
        guard = SQL.identifier(env[model]._get_guard_name())
        env.cr.execute(SQL("DROP FUNCTION IF EXISTS %s CASCADE", guard))
