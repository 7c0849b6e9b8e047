from odoo import api, models
from odoo.fields import Domain


class AccountMoveLineOverflow(models.Model):
    """Time beyond a budget is invoiced by the item that bills it (BF17)."""

    _inherit = "account.move.line"

    @api.model
    def _timesheet_domain_get_invoiced_lines(self, sale_line_delivery):
        """Link time that is beyond a budget with the invoice of the item beside."""
        domain = super()._timesheet_domain_get_invoiced_lines(sale_line_delivery)
        beyond = Domain("prepaid_overflow_line_id", "in", sale_line_delivery.ids)
        own = Domain("prepaid_overflow_line_id", "=", False)
        return Domain(domain).map_conditions(
            lambda condition: (
                (condition & own) | beyond
                if condition.field_expr == "so_line"
                else condition
            )
        )

    def unlink(self):
        """Time is open again when the line goes that billed it, and only then."""
        drafts = self.filtered(
            lambda ln: (
                ln.move_id.move_type == "out_invoice" and ln.move_id.state == "draft"
            )
        )
        # An accountant may not read sales orders and time.
        items = drafts.sudo().sale_line_ids
        links = drafts.move_id._get_prepaid_overflow_links()
        result = super().unlink()
        links.relink(items)
        return result


class OverflowLinks:
    """Which invoices bill the time beyond budgets, before core changes that."""

    def __init__(self, timesheets_sudo):
        self.invoices = {t: t.timesheet_invoice_id for t in timesheets_sudo}

    def relink(self, items):
        """Put right what core did by the items of the time, not those beside them.

        :param items: `sale.order.line` that are not invoiced any more
        """
        for timesheet_sudo, invoice in self.invoices.items():
            is_billed = timesheet_sudo.prepaid_overflow_line_id not in items
            right = invoice.exists() if is_billed else invoice.browse()
            if timesheet_sudo.timesheet_invoice_id != right:
                timesheet_sudo.timesheet_invoice_id = right


class AccountMove(models.Model):
    _inherit = "account.move"

    def _get_prepaid_overflow_links(self):
        """Return the time beyond budgets that these invoices bill."""
        Timesheet_sudo = self.env["account.analytic.line"].sudo()  # as above
        return OverflowLinks(
            Timesheet_sudo.search(
                [
                    ("timesheet_invoice_id", "in", self.ids),
                    ("prepaid_overflow_line_id", "!=", False),
                ]
            )
        )

    def action_post(self):
        """Credited time is open again by the item that billed it."""
        notes = self.filtered(
            lambda m: m.move_type == "out_refund" and m.reversed_entry_id
        )
        items = notes.invoice_line_ids.sudo().sale_line_ids  # as above
        links = notes.reversed_entry_id._get_prepaid_overflow_links()
        result = super().action_post()
        links.relink(items)
        return result
