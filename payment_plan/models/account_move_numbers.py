from odoo import api, models

#: Where the series that were looked up are kept, as core keeps its numbers.
SERIES = "payment_plan.series"
#: Add-ons that tell series apart by what is the same for all payments of plans.
KNOWN = {"account", "account_debit_note", "payment_plan"}
#: Methods by which an add-on has series of its own.
METHODS = (
    "_get_last_sequence",
    "_get_last_sequence_domain",
    "_get_next_sequence_format",
    "_get_starting_sequence",
)


class AccountMoveNumbers(models.Model):
    """Numbers of payments that are posted together: each series is looked up once.

    For each invoice, core writes all that is pending and asks the database what the
    last number looks like; then it counts on from the number that it locked for the
    first one. Only the look is remembered here; lock and count stay core's.
    """

    _inherit = "account.move"

    def _compute_name(self):
        """Look up each series of numbers once, while these get theirs."""
        data = self.env.cr.precommit.data
        if len(self) == 1 or SERIES in data or not self._has_common_series():
            return super()._compute_name()
        data[SERIES] = {}
        try:
            return super()._compute_name()
        finally:
            data.pop(SERIES, None)

    def _get_next_sequence_format(self):
        """Return what the number of a payment looks like, as that of the one before."""
        series = self.env.cr.precommit.data.get(SERIES)
        if series is None or not self._is_numbered_as_others():
            return super()._get_next_sequence_format()
        key = (self.journal_id, self.date)
        if key not in series:
            series[key] = super()._get_next_sequence_format()
        text, values = series[key]
        return text, dict(values)  # core takes the number out of it

    def _is_numbered_as_others(self):
        """Whether journal and day alone decide on the series of this invoice."""
        self.ensure_one()
        return (
            self.move_type == "out_invoice"
            and not self.journal_id.is_self_billing
            and bool(self._get_payment_plan_sudo())
        )

    @api.model
    def _has_common_series(self):
        """Whether no add-on, such as a localization, has series of its own."""
        modules = {
            definition._module
            for definition in type(self).mro()
            for method in METHODS
            if method in vars(definition)
        }
        return modules <= KNOWN
