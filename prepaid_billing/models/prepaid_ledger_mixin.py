from odoo import api, models
from odoo.tools import SQL


class PrepaidLedgerMixin(models.AbstractModel):
    """Rows that are written once and stay as they are.

    A correction is a new row that points at the old one.
    """

    _name = "prepaid.ledger.mixin"
    _inherit = "autopay.history.mixin"
    _description = "Append-only Rows"
    _history_changeable_columns = ()
    _history_erasable_columns = ("create_uid", "write_uid")

    def _get_guard_name(self):
        # The name that the guards had before they were those of all history.
        return f"{self._table}_append_only"

    @api.model
    def _append(self, vals_list):
        """Append rows by one statement, however many they are.

        `create` needs a statement for each hundred rows and most of the time of a large
        deduction. Rows of the ledger are plain columns: nothing is computed on them,
        translated or tracked.

        :param list vals_list: dicts of column values, all with the same keys; default
            values are not applied
        :return: the new records, in the order given
        """
        if not vals_list:
            return self.browse()
        self.check_access("create")
        now = self.env.cr.now()
        stamp = {
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }
        names = [*vals_list[0], *stamp]
        columns = [
            [None if vals[name] is False else vals[name] for vals in vals_list]
            for name in vals_list[0]
        ]
        columns += [[value] * len(vals_list) for value in stamp.values()]
        arrays = [
            SQL("%s::" + self._fields[name].column_type[1] + "[]", column)
            for name, column in zip(names, columns, strict=True)
        ]
        new_rows = self.env.execute_query(
            SQL(
                "INSERT INTO %(table)s (%(names)s)"
                " SELECT %(names)s FROM unnest(%(arrays)s)"
                " WITH ORDINALITY AS row(%(names)s, position)"
                " ORDER BY position RETURNING id",
                table=SQL.identifier(self._table),
                names=SQL(", ").join(map(SQL.identifier, names)),
                arrays=SQL(", ").join(arrays),
            )
        )
        self._tell_owners(names, vals_list)
        return self.browse(id_ for (id_,) in new_rows)

    def _tell_owners(self, names, vals_list):
        """Let what is computed from new rows be computed again."""
        for name in names:
            for inverse in self.pool.field_inverses[self._fields[name]]:
                ids = {vals[name] for vals in vals_list if vals[name]}
                owners = self.env[inverse.model_name].browse(ids)
                owners.invalidate_recordset([inverse.name], flush=False)
                owners.modified([inverse.name])

    def _get_history_message(self):
        """Say that no row changes, and how a balance is corrected instead."""
        return self.env._(
            "%(model)s rows are history: they cannot be changed or deleted, by anyone. "
            "To correct the balance, return the deducted time or credit the invoice; "
            "both leave a new row beside the old one.",
            model=self._description,
        )
