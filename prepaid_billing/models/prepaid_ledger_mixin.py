from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class PrepaidLedgerMixin(models.AbstractModel):
    """Rows that are written once and stay as they are.

    A correction is a new row that points at the old one. The guard stands three times:
    no access right to write or delete, these methods, and a trigger in the database for
    whatever does not pass through the ORM.
    """

    _name = "prepaid.ledger.mixin"
    _description = "Append-only Rows"
    #: Columns that the database may empty when the record they point at is deleted.
    _ledger_erasable_columns = ()

    def init(self):
        super().init()
        if self._abstract or not self._auto:
            return
        erasable = list(self._ledger_erasable_columns)
        emptied = SQL(" AND ").join(
            [SQL("NEW.%s IS NULL", SQL.identifier(column)) for column in erasable]
            or [SQL("FALSE")]
        )
        function = SQL.identifier(f"{self._table}_append_only")
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION %(function)s() RETURNS trigger AS $guard$
                BEGIN
                    IF TG_OP = 'UPDATE' AND %(emptied)s
                       AND to_jsonb(NEW) - %(erasable)s::text[]
                         = to_jsonb(OLD) - %(erasable)s::text[]
                    THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'Rows of %% are append-only', TG_TABLE_NAME
                        USING ERRCODE = 'integrity_constraint_violation';
                END;
                $guard$ LANGUAGE plpgsql
                """,
                function=function,
                emptied=emptied,
                erasable=erasable,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE TRIGGER %(trigger)s
                BEFORE UPDATE OR DELETE ON %(table)s
                FOR EACH ROW EXECUTE FUNCTION %(function)s()
                """,
                trigger=function,
                table=SQL.identifier(self._table),
                function=function,
            )
        )

    def write(self, vals):
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
