from odoo.tools import SQL


def lock_rows(records):
    """Lock the rows of these records until the commit, waiting for whoever has them.

    Odoo's own `lock_for_update` does not wait. The order is that of the ids, so that
    two transactions never wait for each other.

    :param records: records of one model, at least one
    """
    records.env.cr.execute(
        SQL(
            "SELECT id FROM %s WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
            SQL.identifier(records._table),
            tuple(records.ids),
        )
    )
