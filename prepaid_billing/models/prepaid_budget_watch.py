from odoo import fields, models

from ..const import NOTICE_LOW

PRECOMMIT_KEY = "prepaid_billing.alerts"


class PrepaidBudgetWatch(models.Model):
    """Telling people that a balance has fallen (BF56 to BF60)."""

    _inherit = "prepaid.budget"

    alert_ids = fields.One2many("prepaid.alert", "budget_id", "Alerts", copy=True)
    notice_ids = fields.One2many(
        "prepaid.alert.notice", "budget_id", "Notices", readonly=True
    )
    warn_user = fields.Boolean(
        "Warn the responsible before credit expires", default=True
    )
    warn_customer = fields.Boolean(
        "Warn the customer before credit expires", default=True
    )

    def _after_balance_change(self):
        """Look at the alerts once, when all is booked that one transaction books.

        Time that is returned and deducted again in one go has crossed nothing.
        """
        result = super()._after_balance_change()
        precommit = self.env.cr.precommit
        if PRECOMMIT_KEY not in precommit.data:
            precommit.data[PRECOMMIT_KEY] = set()
            precommit.add(self.env(su=True)["prepaid.budget"]._watch_moved)
        precommit.data[PRECOMMIT_KEY].update(self.ids)
        return result

    def _watch_moved(self):
        """Look at the alerts of all budgets that this transaction has moved."""
        ids = self.env.cr.precommit.data.pop(PRECOMMIT_KEY, ())
        self.browse(sorted(ids)).exists()._watch_alerts()

    def _watch_alerts(self):
        """Record what was crossed; one notice for each budget, naming the lowest."""
        alerts = self.env["prepaid.alert"].search([("budget_id", "in", self.ids)])
        crossed = alerts._watch()
        if not crossed:
            return
        self.env["prepaid.alert.notice"].create(
            [
                budget._prepare_low_notice(own)
                for budget, own in crossed.grouped("budget_id").items()
            ]
        )
        self.env["prepaid.alert.notice"]._trigger_sending()

    def _prepare_low_notice(self, alerts):
        """Return the values of the notice about a fallen balance.

        :param alerts: `prepaid.alert` of this budget that were crossed at once
        """
        self.ensure_one()
        amounts = sorted(alerts.mapped("amount"), reverse=True)
        return {
            "budget_id": self.id,
            "company_id": self.company_id.id,
            "kind": NOTICE_LOW,
            "date": self.company_id._get_autopay_today(),
            "balance": self.balance,
            "amount": amounts[-1],
            "crossed": " · ".join(self._format_quantity(a) for a in amounts),
            "tell_user": any(alerts.mapped("tell_user")),
            "tell_customer": any(alerts.mapped("tell_customer")),
        }

    def _get_alert_partner(self):
        """Return the customer's contact that alerts are mailed to."""
        self.ensure_one()
        contact = self.invoice_partner_id or self.partner_id
        if contact.email_normalized:
            return contact
        invoice_id = contact.address_get(["invoice"])["invoice"]
        return contact.browse(invoice_id)
