from odoo import fields, models


class PrepaidBudgetInvoiceTerms(models.Model):
    """Who sells the top-ups of a budget (BF39).

    Its other own terms, contact, payment terms and purchase order, are fields of the
    rule of replenishment; its own payment method is a mandate.
    """

    _inherit = "prepaid.budget"

    salesperson_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False)]",
        help="Named on top-up invoices. Empty: the customer's salesperson, else the "
        "responsible of the budget.",
    )

    def _prepare_top_up_vals(self, amount, pack=None):
        """Name the salesperson of the budget, else the customer's.

        :param float amount: credit to buy: money without tax, or hours
        """
        vals = super()._prepare_top_up_vals(amount, pack)
        user = self.salesperson_id or self.partner_id.user_id or self.user_id
        return {**vals, "invoice_user_id": user.id}
