from odoo import models

from odoo.addons.invoice_autopay.const import DONE, SCHEDULED

from ..const_replenishment import ACTION_CHARGE


class PrepaidBudgetCharge(models.Model):
    """Top-ups that are charged to a saved payment method (BF35)."""

    _inherit = "prepaid.budget"

    # === BY WHICH MANDATE === #

    def _is_charging(self):
        """Whether top-ups of this budget are charged automatically."""
        return bool(self) and self._get_effective_action() == ACTION_CHARGE

    def _get_charged_partner(self):
        """Return the commercial entity that gets the top-up invoices."""
        self.ensure_one()
        return (self.invoice_partner_id or self.partner_id).commercial_partner_id

    def _get_charge_mandate(self):
        """Return the mandate that pays top-ups: the budget's own, else the common one.

        :return: `autopay.mandate`, possibly empty
        """
        self.ensure_one()
        return (
            self.env["autopay.mandate"]
            .sudo()  # who manages budgets, and colleagues in the portal, ask too
            ._find(
                self._get_charged_partner(),
                self.money_currency_id,
                self.company_id,
                self,
            )
        )

    def _get_own_mandate(self):
        """Return the mandate that was given for this budget alone, possibly empty."""
        mandate = self._get_charge_mandate()
        return mandate.filtered(lambda m: m.res_model == self._name)

    # === CHARGING === #

    def _charge_top_ups(self, moves):
        """Have the new top-ups of these budgets charged, or tell why that cannot be.

        A top-up that cannot be charged stays posted and sent: the customer can pay it
        by hand.

        :param moves: `account.move`, one for each budget, in their order
        """
        for budget, move in zip(self, moves, strict=True):
            if budget._is_charging() and not move.autopay_collection_ids:
                budget._schedule_activity(
                    self.env._(
                        "%(invoice)s was sent, but not charged: ask %(customer)s to "
                        "allow automatic payments, or to pay it by hand",
                        invoice=move.name,
                        customer=budget._get_charged_partner().display_name,
                    )
                )
        if moves.autopay_collection_ids:
            cron = self.env.ref("invoice_autopay.ir_cron_collect")
            cron.sudo()._trigger()  # by the system, whoever replenishes

    def _get_charge_note(self, invoices):
        """Say how these top-ups are charged, or why they are not.

        :param invoices: `account.move`, top-ups of this budget
        :return: text that follows another sentence, or an empty one
        """
        self.ensure_one()
        posted = invoices.filtered(lambda move: move.state == "posted")
        if not posted or not self._is_charging():
            return ""
        collections_sudo = posted.sudo().autopay_collection_ids  # for the note
        if len(collections_sudo) < len(posted):
            return ". " + self.env._(
                "Not charged: %(customer)s has not allowed automatic payments. The "
                "invoice can be paid by hand",
                customer=self._get_charged_partner().display_name,
            )
        for collection_sudo in collections_sudo:
            is_waiting = collection_sudo.state not in (DONE, SCHEDULED)
            if collection_sudo.reason and (is_waiting or collection_sudo.is_blocked):
                return ". " + self.env._(
                    "Not charged: %(reason)s", reason=collection_sudo.reason
                )
        return ". " + self.env._(
            "Charged automatically to %(method)s",
            method=collections_sudo.mandate_id.token_id[:1].display_name,
        )
