from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: Refuses whatever changes or deletes a row, also past the ORM.
GUARD = """
    CREATE OR REPLACE FUNCTION %(guard)s() RETURNS trigger AS $guard$
    BEGIN
        IF TG_OP = 'UPDATE' AND %(emptied_at_most)s
           AND to_jsonb(NEW) - %(erasable)s::text[]
             = to_jsonb(OLD) - %(erasable)s::text[]
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'Rows of %% are append-only', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END;
    $guard$ LANGUAGE plpgsql;
    DROP TRIGGER IF EXISTS %(guard)s ON %(table)s;
    CREATE TRIGGER %(guard)s
    BEFORE DELETE OR UPDATE OF %(columns)s ON %(table)s
    FOR EACH ROW EXECUTE FUNCTION %(guard)s();
"""


class PrepaidLedgerMixin(models.AbstractModel):
    """Rows that are written once and stay as they are.

    A correction is a new row that points at the old one. The guard stands three times:
    no access right to write or delete, these methods, and a trigger in the database for
    whatever does not pass through the ORM.
    """

    _name = "prepaid.ledger.mixin"
    _description = "Append-only Rows"
    #: Columns that the database may empty when the record they point at is deleted.
    _ledger_erasable_columns = ("create_uid", "write_uid")

    def init(self):
        super().init()
        if self._abstract or not self._auto:
            return
        self.env.cr.execute(
            SQL(
                GUARD,
                guard=SQL.identifier(self._get_guard_name()),
                emptied_at_most=self._get_emptied_condition(),
                erasable=list(self._ledger_erasable_columns),
                columns=self._get_guarded_columns(),
                table=SQL.identifier(self._table),
            )
        )

    def _get_emptied_condition(self):
        """Return the SQL condition that erasable columns are kept or emptied."""
        return SQL(" AND ").join(
            SQL(
                "(NEW.%(column)s IS NULL OR NEW.%(column)s = OLD.%(column)s)",
                column=SQL.identifier(column),
            )
            for column in self._ledger_erasable_columns
        )

    def _get_guarded_columns(self):
        """Return the columns of today: one that an upgrade adds may be filled once."""
        return SQL(", ").join(
            SQL.identifier(name)
            for name, field in self._fields.items()
            if field.store and field.column_type
        )

    def _get_guard_name(self):
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

    def write(self, vals):  # pylint: disable=method-required-super
        """Refuse: rows of the ledger are never changed.

        :raise UserError: always
        """
        raise UserError(self._get_append_only_message())

    @api.ondelete(at_uninstall=False)
    def _unlink_except_never(self):
        raise UserError(self._get_append_only_message())

    def _get_append_only_message(self):
        return self.env._(
            "%(model)s rows are history: they cannot be changed or deleted, by anyone. "
            "To correct the balance, return the deducted time or credit the invoice; "
            "both leave a new row beside the old one.",
            model=self._description,
        )
