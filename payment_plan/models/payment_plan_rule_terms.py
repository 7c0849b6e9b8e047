from odoo import fields, models


class PaymentPlanRuleTerms(models.AbstractModel):
    """The terms are part of the rule: a plan has those of its template."""

    _inherit = "payment.plan.rule.mixin"

    terms_id = fields.Many2one(
        "payment.plan.terms",
        "Contract terms",
        ondelete="restrict",
        check_company=True,
        help="Conditions and clauses of the contract.",
    )
