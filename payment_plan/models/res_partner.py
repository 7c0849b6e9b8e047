from odoo import fields, models

from .. import const


class ResPartner(models.Model):
    _inherit = "res.partner"

    payment_plan_count = fields.Integer(
        compute="_compute_payment_plan_count",
        groups="sales_team.group_sale_salesman,account.group_account_invoice",
    )

    def _compute_payment_plan_count(self):
        """Count the plans of these partners and of their contacts, without canceled."""
        self.payment_plan_count = 0
        family = self.with_context(active_test=False).search_fetch(
            [("id", "child_of", self.ids)], ["parent_id"]
        )
        groups = self.env["payment.plan"]._read_group(
            [("partner_id", "in", family.ids), ("state", "!=", const.CANCELED)],
            ["partner_id"],
            ["__count"],
        )
        own = set(self.ids)
        for partner, count in groups:
            for above in partner._get_payment_plan_owners():
                if above.id in own:
                    above.payment_plan_count += count

    def _get_payment_plan_owners(self):
        """Return this partner and those above, who see its plans as their own."""
        owners = self
        while owners[-1:].parent_id:
            owners += owners[-1].parent_id
        return owners

    def action_view_payment_plans(self):
        """Open the plans of this partner and of its contacts."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "payment_plan.payment_plan_action"
        )
        return {
            **action,
            "domain": [("partner_id", "child_of", self.id)],
            "context": {},
        }
