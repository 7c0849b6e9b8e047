from odoo import api, fields, models

from .. import const


class ResCompany(models.Model):
    _inherit = "res.company"

    plan_lead_days = fields.Integer(
        "Invoice before due",
        default=7,
        help="Days before its due date on which a payment of a plan is invoiced.",
    )
    plan_milestone_days = fields.Integer(
        "Milestone to due date",
        default=7,
        help="Days from a milestone, when the customer is told, to the day on which "
        "its payment is due.",
    )
    plan_most_installments = fields.Integer(
        "Installments without approval",
        default=const.MOST_WITHOUT_APPROVAL,
        help="A template with more needs the approval of a sales manager: in the US a "
        "written agreement in more than four installments can be consumer credit.",
    )

    plan_smallest_charge = fields.Monetary(
        "Smallest payment",
        compute="_compute_plan_smallest_charge",
        store=True,
        readonly=False,
        help="What payment providers do not charge: a payment of a plan below it is "
        "added to the one before it.",
    )
    plan_send_receipts = fields.Boolean(
        "Receipts",
        default=True,
        help="Customers get a mail when a payment of their plan is recorded by hand.",
    )

    plan_extra_online = fields.Boolean(
        "Extra payments online",
        default=True,
        help="Customers can pay more than is due in the portal. What is refunded or "
        "charged back of it is open again, and the salesperson is told.",
    )

    _plan_days = models.Constraint(
        "CHECK (plan_lead_days BETWEEN 0 AND 60"
        " AND plan_milestone_days BETWEEN 0 AND 60 AND plan_most_installments >= 1)",
        "Payment plans: invoices are made 0 to 60 days before they are due, milestones "
        "give 0 to 60 days, and at least one installment needs no approval.",
    )

    @api.depends("currency_id")
    def _compute_plan_smallest_charge(self):
        """About half a dollar or euro, in whichever currency."""
        for company in self:
            company.plan_smallest_charge = (
                const.SMALLEST_CHARGE_UNITS * company.currency_id.rounding
            )

    def _get_plan_smallest_charge(self, currency):
        """Return the smallest payment that is charged.

        :param currency: `res.currency` of the plan
        :return: money in that currency
        """
        self.ensure_one()
        company_sudo = self.sudo()  # as any customer
        smallest = company_sudo.plan_smallest_charge
        if currency == company_sudo.currency_id:
            return smallest
        return company_sudo.currency_id._convert(
            smallest, currency, company_sudo, self._get_autopay_today()
        )
