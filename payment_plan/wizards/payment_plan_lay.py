from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import clean_context

from .. import const


class PaymentPlanLay(models.TransientModel):
    """Divide an open invoice into installments that were agreed on."""

    _name = "payment.plan.lay"
    _description = "Pay an Invoice in Installments"

    move_id = fields.Many2one("account.move", "Invoice", required=True, readonly=True)
    company_id = fields.Many2one(related="move_id.company_id")
    currency_id = fields.Many2one(related="move_id.currency_id")
    template_id = fields.Many2one(
        "payment.plan.template",
        "Plan",
        required=True,
        domain="[('company_id', 'in', (False, company_id)),"
        f" ('structure', 'in', {const.SPLIT_STRUCTURES}),"
        " ('surcharge_percent', '=', 0)]",
    )
    agreement = fields.Char(
        "Agreed on",
        required=True,
        help="How and when the customer agreed: kept as evidence.",
    )
    preview_html = fields.Html(compute="_compute_preview_html", sanitize=False)

    @api.depends("template_id", "move_id")
    def _compute_preview_html(self):
        for wizard in self:
            plan = self.env["payment.plan"].new(
                {"move_id": wizard.move_id.id, **wizard._prepare_preview_vals()}
            )
            wizard.preview_html = wizard.template_id and plan._render_today()

    def _prepare_preview_vals(self):
        self.ensure_one()
        template, move = self.template_id, self.move_id
        vals = template._prepare_offer_vals(self.env["sale.order"]) if template else {}
        return {
            **vals,
            "company_id": move.company_id.id,
            "currency_id": move.currency_id.id,
        }

    def action_apply(self):
        """Divide the invoice; it keeps its number, its date and its total.

        :raise UserError: the invoice is paid, locked or not posted; says what to do
        """
        self.ensure_one()
        self.move_id.check_access("read")
        self.env["account.move"].check_access("write")
        if not (self.agreement or "").strip():
            raise UserError(self.env._("Enter how and when the customer agreed."))
        # Defaults of the dialog are not for what is made here.
        own = self.with_context(clean_context(self.env.context))
        Plan = own.env["payment.plan"].sudo()  # accountants read plans only
        plan_sudo = Plan.create(
            {"move_id": self.move_id.id, "template_id": self.template_id.id}
        )
        plan_sudo._lay_over(self.agreement)
        return plan_sudo.sudo(False).get_formview_action()
