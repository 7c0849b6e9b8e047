from odoo import api, fields, models

from .. import const


class SaleOrderPreview(models.Model):
    """The offered plans beside each other, as the customer will compare them."""

    _inherit = "sale.order"

    plan_preview_html = fields.Html(
        "Schedules", compute="_compute_plan_preview_html", sanitize=False
    )
    has_plan_problem = fields.Boolean(compute="_compute_has_plan_problem")
    payment_plan_state = fields.Selection(related="payment_plan_id.state")

    @api.depends(
        "amount_total",
        "session_date",
        "payment_plan_id",
        "payment_plan_ids.state",
        "payment_plan_ids.preview_html",
    )
    def _compute_plan_preview_html(self):
        for order in self:
            plans = order.payment_plan_ids.filtered(
                lambda plan: plan._origin and plan.state == const.OFFERED
            )
            order.plan_preview_html = bool(plans) and self.env["ir.qweb"]._render(
                "payment_plan.offer_cards", {"order": order, "plans": plans}
            )

    @api.depends("payment_plan_ids.problem")
    def _compute_has_plan_problem(self):
        for order in self:
            order.has_plan_problem = any(order.payment_plan_ids.mapped("problem"))
