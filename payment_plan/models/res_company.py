from odoo import fields, models

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

    _plan_days = models.Constraint(
        "CHECK (plan_lead_days BETWEEN 0 AND 60"
        " AND plan_milestone_days BETWEEN 0 AND 60 AND plan_most_installments >= 1)",
        "Payment plans: invoices are made 0 to 60 days before they are due, milestones "
        "give 0 to 60 days, and at least one installment needs no approval.",
    )
