from odoo import api, fields, models

from ..const import CARD_BRANDS


class PaymentToken(models.Model):
    """What may be known of a card: brand, last four digits, expiry, fingerprint."""

    _name = "payment.token"
    _inherit = ["payment.token", "autopay.step.mixin"]

    stripe_brand = fields.Char("Brand", readonly=True)
    stripe_exp_month = fields.Integer("Expiry month", readonly=True)
    stripe_exp_year = fields.Integer("Expiry year", readonly=True)
    stripe_fingerprint = fields.Char(
        "Fingerprint",
        readonly=True,
        groups="base.group_system",
        help="Stripe's name for the number of the card, without telling it.",
    )

    @api.depends("stripe_brand")
    def _compute_display_name(self):
        return super()._compute_display_name()

    def _build_display_name(self, *args, max_length=34, should_pad=True, **kwargs):
        """Name the brand as well, where there is room: Visa •••• 4242."""
        name = super()._build_display_name(
            *args, max_length=max_length, should_pad=should_pad, **kwargs
        )
        brand = CARD_BRANDS.get(self.stripe_brand)
        if brand and self.payment_details and len(f"{brand} {name}") <= max_length:
            return f"{brand} {name}"
        return name

    def _is_same_method(self, other):
        """The number of the card decides, and its expiry: a renewed card is another.

        :param other: `payment.token`
        """
        ours_sudo, theirs_sudo = self.sudo(), other.sudo()  # fingerprints are secret
        if self == other or not all(
            token.stripe_fingerprint for token in ours_sudo | theirs_sudo
        ):
            return super()._is_same_method(other)
        return ours_sudo._get_stripe_identity() == theirs_sudo._get_stripe_identity()

    def _get_stripe_identity(self):
        return (
            self.provider_id,
            self.stripe_fingerprint,
            self.stripe_exp_year,
            self.stripe_exp_month,
        )

    # === WHAT STRIPE SAYS === #

    @api.model
    def _prepare_stripe_card_vals(self, payment_method):
        """Return what is kept of a payment method; never more card data than this.

        :param dict payment_method: Stripe's payment method
        :return: dict of values, empty when there is nothing to keep
        """
        kind = payment_method.get("type")
        details = payment_method.get(kind) or {}
        if not details.get("fingerprint"):
            return {}
        vals = {"stripe_fingerprint": details["fingerprint"]}
        if kind == "card":
            vals.update(
                stripe_brand=details.get("brand"),
                stripe_exp_month=details.get("exp_month"),
                stripe_exp_year=details.get("exp_year"),
            )
        if details.get("last4"):
            vals["payment_details"] = details["last4"]
        return vals

    def _take_over_stripe_card(self, payment_method):
        """Keep what the network or the customer changed of this card.

        :param dict payment_method: Stripe's payment method
        """
        vals = self._prepare_stripe_card_vals(payment_method)
        for token in self:
            changed = {k: v for k, v in vals.items() if token[k] != v}
            if changed:
                token.write(changed)

    def _refresh_stripe_card(self):
        """Ask Stripe for the card behind this token.

        :raise stripe.StripeError: Stripe cannot be asked now, or knows no such method
        """
        self.ensure_one()
        client = self.provider_id._get_stripe_client()
        found = client.v1.payment_methods.retrieve(self.stripe_payment_method)
        self._take_over_stripe_card(found.to_dict())

    def _refresh_stripe_cards(self):
        """Ask Stripe for each of these cards, in committed steps.

        :return: int, how many could be asked for
        """
        return sum(
            not token._try_step(lambda t: t._refresh_stripe_card()) for token in self
        )

    @api.model
    def _cron_fill_stripe_cards(self):
        """Ask Stripe for cards that were saved before anybody kept these facts."""
        unknown = self.search(
            [
                ("provider_code", "=", "stripe"),
                ("provider_id.state", "!=", "disabled"),
                ("stripe_payment_method", "!=", False),
                ("stripe_fingerprint", "=", False),
            ],
            order="id desc",
        )
        for done, token in enumerate(unknown, 1):
            token._refresh_stripe_cards()
            remaining = len(unknown) - done
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break
