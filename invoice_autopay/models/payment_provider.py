from odoo import models


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    def _get_autopay_obstacle(self, currency):
        """Say why this provider cannot charge saved methods now.

        Hook for providers: call super first.

        :param currency: `res.currency` of the charge
        :return: text for the back office, or False
        """
        if not self:
            return self.env._("There is no payment method")
        self.ensure_one()
        if self.state == "disabled":
            return self.env._("%s is disabled", self.name)
        if self.capture_manually:
            return self.env._(
                "%s captures by hand: automatic payments need money at once", self.name
            )
        if not self.journal_id:
            return self.env._("%s has no journal to book payments in", self.name)
        if self.available_currency_ids and currency not in self.available_currency_ids:
            return self.env._(
                "%(provider)s does not take %(currency)s",
                provider=self.name,
                currency=currency.name,
            )
        return False

    def _get_autopay_grant_obstacle(self, currency):
        """Say why no consent can be given for methods of this provider (P28, P51).

        :param currency: `res.currency` of the charges
        :return: text for the customer, or False
        """
        if not self.allow_tokenization:
            return self.env._(
                "%s does not keep payment methods. Choose another one.", self.name
            )
        return self._get_autopay_obstacle(currency)

    def _get_autopay_resend_hours(self):
        """Return for how long a request can be repeated without a second charge.

        Hook for providers that know a repeated request, as by an idempotency key.

        :return: int, hours; 0: never
        """
        return 0
