from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    payment_plan_installment_id = fields.Many2one(
        "payment.plan.installment",
        "Kept for",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Payment of a plan that this money is kept for.",
    )

    def _reconcile_plan_with_sync(self, plan_list, all_amls):
        """Use what was paid beyond a payment of a plan for the next ones (P19)."""
        result = super()._reconcile_plan_with_sync(plan_list, all_amls)
        items_sudo = all_amls.sudo()  # whoever books money, the plans follow
        lines_sudo = items_sudo.move_id.payment_plan_installment_ids
        # Also where it is used beside the plan that it was paid for.
        items_sudo.move_id._get_credited_plans_sudo()._refresh_amounts()
        if lines_sudo:
            # Only what came with this: what was undone before is a person's business.
            lines_sudo.plan_id._use_credit(items=items_sudo)
            items_sudo.move_id.origin_payment_id._send_plan_receipts(lines_sudo)
        return result
