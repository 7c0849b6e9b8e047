from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: Refuses to delete a row, and to change one that is history, also past the ORM.
GUARD = """
    CREATE OR REPLACE FUNCTION %(guard)s() RETURNS trigger AS $guard$
    BEGIN
        IF TG_OP = 'UPDATE' AND NOT (%(final)s) AND (
            %(open)s OR (
                %(emptied_at_most)s
                AND to_jsonb(NEW) - %(not_fixed)s::text[]
                  = to_jsonb(OLD) - %(not_fixed)s::text[]
            )
        ) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'Rows of %% are history', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END;
    $guard$ LANGUAGE plpgsql;
    DROP TRIGGER IF EXISTS %(guard)s ON %(table)s;
    CREATE TRIGGER %(guard)s
    BEFORE DELETE OR UPDATE OF %(columns)s ON %(table)s
    FOR EACH ROW EXECUTE FUNCTION %(guard)s();
"""


class AutopayHistoryMixin(models.AbstractModel):
    """Rows that stay as they are: what was consented to, asked, answered or booked.

    The guard stands three times: no access right to write or delete, these methods, and
    a trigger in the database for whatever does not pass through the ORM.
    """

    _name = "autopay.history.mixin"
    _description = "History of Automatic Payment"
    #: Columns that may change at any time.
    _history_changeable_columns = ("create_uid", "write_uid", "write_date")
    #: Columns that the database may empty when the record they point at is deleted.
    _history_erasable_columns = ()
    #: SQL of OLD and NEW: what may not even change in changeable columns.
    _history_final_condition = "FALSE"
    #: States in which the other columns may change too; none: never.
    _history_open_states = ()

    def init(self):
        super().init()
        if self._abstract or not self._auto:
            return
        self.env.cr.execute(
            SQL(
                GUARD,
                guard=SQL.identifier(self._get_guard_name()),
                open=self._get_open_condition(),
                # A constant of the class, as a function's body takes no parameters.
                final=SQL(self._history_final_condition),
                emptied_at_most=self._get_emptied_condition(),
                not_fixed=[
                    *self._history_changeable_columns,
                    *self._history_erasable_columns,
                ],
                columns=self._get_guarded_columns(),
                table=SQL.identifier(self._table),
            )
        )

    def _get_open_condition(self):
        if not self._history_open_states:
            return SQL("FALSE")
        # A function's body takes no parameters; states are constants of the code.
        states = ", ".join(f"'{state}'" for state in self._history_open_states)
        return SQL(f"OLD.state IN ({states})")  # pylint: disable=sql-injection

    def _get_emptied_condition(self):
        """Return the SQL condition that erasable columns are kept or emptied."""
        conditions = [
            SQL(
                "(NEW.%(column)s IS NULL OR NEW.%(column)s = OLD.%(column)s)",
                column=SQL.identifier(column),
            )
            for column in self._history_erasable_columns
        ]
        return SQL(" AND ").join(conditions) or SQL("TRUE")

    def _get_guarded_columns(self):
        """Return the columns of today: one that an upgrade adds may be filled once."""
        return SQL(", ").join(
            SQL.identifier(name)
            for name, field in self._fields.items()
            if field.store and field.column_type
        )

    def _get_guard_name(self):
        return f"{self._table}_history"

    def _drop_guard(self):
        """Take the trigger and its function along when the add-on is uninstalled."""
        guard = SQL.identifier(self._get_guard_name())
        self.env.cr.execute(SQL("DROP FUNCTION IF EXISTS %s CASCADE", guard))

    def write(self, vals):
        """Change what is not history yet.

        :raise UserError: one of these rows is history
        """
        if set(vals) - set(self._history_changeable_columns):
            self._ensure_not_history()
        return super().write(vals)

    def _ensure_not_history(self):
        for row in self:
            if not self._history_open_states or (
                row.state not in self._history_open_states
            ):
                raise UserError(row._get_history_message())

    @api.ondelete(at_uninstall=False)
    def _unlink_except_never(self):
        for row in self:
            raise UserError(row._get_history_message())

    def _get_history_message(self):
        """Say that this row stays as it is."""
        self.ensure_one()
        return self.env._(
            "%(record)s (%(model)s) is history: it cannot be changed or deleted.",
            record=self.display_name,
            model=self._description,
        )
