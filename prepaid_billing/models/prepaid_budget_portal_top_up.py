from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..const import PORTAL_AMOUNT, PORTAL_NONE, PORTAL_TOP_UPS
from ..tools.money import is_usable

#: What decides about ordering in the portal, on budgets and on their types.
PORTAL_FIELDS = ("portal_top_up", "portal_min", "portal_max")
#: The customer's own choice of an amount, beside the ids of packs.
CHOICE_AMOUNT = "amount"
#: Characters of a key that a browser may send.
KEY_LENGTH = 64
LIMIT_HELP = "Without tax, what the customer may order at once."


class PrepaidBudgetPortalTopUp(models.Model):
    """Customers order credit by themselves, and pay it with Odoo's form (BF40)."""

    _inherit = "prepaid.budget"

    portal_top_up = fields.Selection(
        PORTAL_TOP_UPS,
        "Top-up in the portal",
        tracking=True,
        groups="base.group_user",
        help="Empty: as the settings of the company say, with its packs and limits.",
    )
    portal_product_ids = fields.Many2many(
        "product.product",
        "prepaid_budget_portal_product_rel",
        string="Packs offered",
        check_company=True,
        domain="[('prepaid_ok', '=', True)]",
        groups="base.group_user",
        help="Empty: the prepaid pack of the budget.",
    )
    portal_min = fields.Monetary(
        "Smallest amount", groups="base.group_user", help=LIMIT_HELP
    )
    portal_max = fields.Monetary(
        "Largest amount", groups="base.group_user", help=LIMIT_HELP
    )

    @api.constrains("portal_top_up", "portal_min", "portal_max")
    def _check_portal_top_up(self):
        for budget in self.filtered(lambda b: b.portal_top_up == PORTAL_AMOUNT):
            is_empty = budget.currency_id.compare_amounts(budget.portal_max, 0) <= 0
            if is_empty or not 0 <= budget.portal_min <= budget.portal_max:
                raise ValidationError(
                    self.env._(
                        "%(budget)s: the customer may choose an amount. Say how small "
                        "and how large it may be, the largest above zero.",
                        budget=budget.display_name,
                    )
                )

    # === WHAT IS OFFERED === #

    def _get_portal_rule(self):
        """Return what the customer of this budget may order.

        :return: (one of PORTAL_TOP_UPS, `product.product`, smallest, largest amount in
            the currency of the invoices)
        """
        self.ensure_one()
        if self.portal_top_up:
            packs, limits = self.portal_product_ids, (self.portal_min, self.portal_max)
            policy = self.portal_top_up
        else:
            company = self.company_id
            policy, packs = (
                company.prepaid_portal_top_up,
                company.prepaid_portal_product_ids,
            )
            today = company._get_autopay_today()
            limits = [
                company.currency_id._convert(
                    amount, self.money_currency_id, company, today
                )
                for amount in (company.prepaid_portal_min, company.prepaid_portal_max)
            ]
        return policy, packs or self.product_id, *limits

    def _can_top_up_in_portal(self):
        """Whether the user is the customer who gets the bill, and may order."""
        self.ensure_one()
        viewer = self.env.user.partner_id.commercial_partner_id
        budget_sudo = self.sudo()  # settings that customers cannot read
        return bool(
            self.env.user.share
            and budget_sudo._get_charged_partner() == viewer
            and budget_sudo._get_portal_rule()[0] != PORTAL_NONE
            and not budget_sudo._get_owner_obstacle()
        )

    def _get_portal_offers(self):
        """Return what the customer may choose among, with what it costs.

        :return: list of dict: `choice`, `name`, `credit`, `bonus` in the unit of the
            budget, `price` and `total` (with tax) in the currency of the invoices
        """
        self.ensure_one()
        budget_sudo = self.sudo()  # prices and taxes that customers cannot read
        _policy, packs, _smallest, _largest = budget_sudo._get_portal_rule()
        contact = budget_sudo._get_top_up_contact()
        offers = []
        for pack in packs.with_context(lang=self.env.lang):
            taxes = budget_sudo._get_top_up_taxes(pack, contact)
            credit = budget_sudo._get_portal_credit(pack, taxes)
            if not budget_sudo._get_top_up_obstacle(credit, pack):
                offers.append(budget_sudo._prepare_portal_offer(pack, taxes, credit))
        return offers

    def _get_portal_credit(self, pack, taxes):
        """Return the credit that one unit of a pack brings.

        :param pack: `product.product`
        :param taxes: `account.tax` that the customer pays for it
        """
        self.ensure_one()
        if self._counts_hours() != pack._sells_prepaid_hours():
            return 0.0
        if pack._has_prepaid_price():
            return self.currency_id.round(
                pack._get_prepaid_credit_per_unit(
                    self.money_currency_id, self.company_id
                )
            )
        return taxes.compute_all(
            self._get_pack_price(1.0, pack), self.money_currency_id, product=pack
        )["total_excluded"]

    def _prepare_portal_offer(self, pack, taxes, credit):
        self.ensure_one()
        line = self._prepare_top_up_price_vals(credit, taxes, pack)
        sums = taxes.compute_all(
            line["price_unit"],
            self.money_currency_id,
            quantity=line["quantity"],
            product=pack,
        )
        bonus = pack._get_prepaid_credit_per_unit(
            self.money_currency_id, self.company_id, bonus=True
        )
        return {
            "choice": str(pack.id),
            "name": pack.display_name,
            "credit": credit,
            "bonus": bonus,
            "price": sums["total_excluded"],
            "total": sums["total_included"],
            "pack": pack,
        }

    def _get_portal_limits(self):
        """Return (smallest, largest) amount that the customer may choose, or False.

        A free amount needs a budget in money whose pack brings what it costs.
        """
        self.ensure_one()
        budget_sudo = self.sudo()  # settings that customers cannot read
        policy, _packs, smallest, largest = budget_sudo._get_portal_rule()
        pack = budget_sudo.product_id
        if policy != PORTAL_AMOUNT or not pack or pack._has_prepaid_price():
            return False
        if budget_sudo._get_top_up_obstacle(largest):
            return False
        return max(smallest, budget_sudo.currency_id.rounding), largest

    # === ORDERING === #

    def _top_up_in_portal(self, choice, amount, key):
        """Make the invoice that the customer ordered; while one is open, return that.

        Price, tax and customer are never the browser's: it says which offer, and an
        amount only where the customer may choose one.

        :param str choice: of one of the offers, or CHOICE_AMOUNT
        :param str amount: money without tax, with CHOICE_AMOUNT
        :param str key: of the form that was sent; the same form makes one invoice
        :return: the posted `account.move`, sudoed for the page that shows it
        :raise UserError: it cannot be ordered; the message says why
        """
        self.ensure_one()
        self.check_access("read")
        budget_sudo = self.sudo()  # customers may not make invoices by themselves
        budget_sudo._lock_for_ledger()
        if not self._can_top_up_in_portal():
            raise UserError(
                self.env._(
                    "%(budget)s cannot be topped up here. Ask us for an invoice.",
                    budget=self.name,
                )
            )
        key = f"portal/{self.id}/{key[:KEY_LENGTH]}" if key else None
        move_sudo = budget_sudo._get_move_of_request(key)
        if move_sudo.state == "cancel":
            raise UserError(self.env._("You canceled this top-up. Start a new one."))
        move_sudo = move_sudo or self._get_portal_open_invoices()[:1]
        if not move_sudo:
            credit, pack = self._read_portal_choice(choice, amount)
            move_sudo = budget_sudo._order_in_portal(credit, pack, key)
        return move_sudo

    def _read_portal_choice(self, choice, amount):
        """Return (credit, `product.product`) of what the customer chose.

        :raise UserError: it is not offered
        """
        self.ensure_one()
        for offer in self._get_portal_offers():
            if offer["choice"] == choice:
                return offer["credit"], offer["pack"]
        limits = self._get_portal_limits()
        if choice != CHOICE_AMOUNT or not limits:
            raise UserError(self.env._("Choose one of the top-ups that are offered."))
        currency = self.currency_id
        try:
            value = currency.round(float(amount))
        except (TypeError, ValueError, OverflowError):
            value = None
        if not is_usable(value) or not limits[0] <= value <= limits[1]:
            raise UserError(
                self.env._(
                    "Choose an amount between %(min)s and %(max)s.",
                    min=currency.format(limits[0]),
                    max=currency.format(limits[1]),
                )
            )
        return value, self.sudo().product_id  # its pack, whoever asks

    def _order_in_portal(self, credit, pack, key):
        """Make, post and send the invoice of a top-up that the customer ordered.

        :param float credit: money without tax, or hours
        :param pack: `product.product`
        :param str key: unique to the request, or None
        """
        self.ensure_one()
        move = self._create_top_up_invoices({self: credit}, key=key, pack=pack)
        move.is_prepaid_portal = True
        move.invoice_date = self.company_id._get_autopay_today()
        move._post(soft=False)
        move._send_prepaid_later()
        move._message_log(
            body=self.env._("Ordered in the portal by %s", self.env.user.name)
        )
        return move

    # === AN OPEN ONE === #

    def _get_portal_order(self):
        """Return what the page says about the top-up that is open, or False.

        :return: dict: `move` (`account.move`, sudoed), `is_online` whether it can be
            paid there, `can_cancel`, `bank` (`res.partner.bank`) to transfer to
        """
        self.ensure_one()
        move_sudo = self._get_portal_open_invoices()[:1]
        if not move_sudo:
            return False
        # As core asks for the page of the invoice; customers may not read providers.
        providers_sudo = self.env["payment.provider"].sudo()
        providers_sudo = providers_sudo._get_compatible_providers(
            move_sudo.company_id.id,
            self.env.user.partner_id.id,
            move_sudo.amount_residual,
            currency_id=move_sudo.currency_id.id,
        )
        return {
            "move": move_sudo,
            "is_online": bool(providers_sudo) and move_sudo._has_to_be_paid(),
            "can_cancel": move_sudo._can_cancel_in_portal(),
            "bank": move_sudo.partner_bank_id,
        }

    def _cancel_in_portal(self, move_id):
        """Cancel a top-up that the customer ordered and has not paid.

        :param int move_id: id of the `account.move`
        :raise UserError: it is not one of the customer's own, or a payment is there or
            under way
        """
        self.ensure_one()
        self.check_access("read")
        self.sudo()._lock_for_ledger()  # customers move no credit by themselves
        moves_sudo = self._get_portal_open_invoices()
        move_sudo = moves_sudo.filtered(lambda m: m.id == move_id)
        if not move_sudo or not self._can_top_up_in_portal():
            raise UserError(
                self.env._(
                    "This top-up of %(budget)s is not open any more: it is paid or "
                    "canceled. The movements of the budget show it.",
                    budget=self.name,
                )
            )
        if not move_sudo._can_cancel_in_portal():
            raise UserError(
                self.env._(
                    "%(invoice)s cannot be canceled: a payment has arrived or is under "
                    "way. Ask us.",
                    invoice=move_sudo.name,
                )
            )
        move_sudo._cancel_prepaid_order()


class PrepaidBudgetTypePortal(models.Model):
    _inherit = "prepaid.budget.type"

    portal_top_up = fields.Selection(PORTAL_TOP_UPS, "Top-up in the portal")
    portal_product_ids = fields.Many2many(
        "product.product",
        "prepaid_budget_type_portal_product_rel",
        string="Packs offered",
        check_company=True,
        domain="[('prepaid_ok', '=', True)]",
    )
    portal_min = fields.Monetary("Smallest amount", help=LIMIT_HELP)
    portal_max = fields.Monetary("Largest amount", help=LIMIT_HELP)

    _portal_limits = models.Constraint(
        "CHECK (portal_min >= 0 AND portal_max >= portal_min"
        f" AND (portal_top_up != '{PORTAL_AMOUNT}' OR portal_max > 0))",
        "Say how small and how large an amount the customer may choose: the largest "
        "above zero and not below the smallest, the smallest not below zero.",
    )

    def _prepare_budget_vals(self):
        """A type also says what its customers may order by themselves."""
        vals = super()._prepare_budget_vals()
        if self.portal_top_up:
            vals.update({name: self[name] for name in PORTAL_FIELDS})
            vals["portal_product_ids"] = [Command.set(self.portal_product_ids.ids)]
        return vals
