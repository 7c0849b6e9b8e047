from odoo import Command, models
from odoo.exceptions import UserError

from ..const import BUDGET_OPEN
from ..tools.money import is_usable


class PrepaidBudgetTopUp(models.Model):
    """Top-up invoices: how credit is sold from a budget."""

    _inherit = "prepaid.budget"

    def top_up(self, amount, key=None):
        """Make a draft top-up invoice; the same request again returns the same invoice.

        Usable over Odoo's external API.

        :param float amount: credit to buy: money without tax, or hours
        :param str key: any text that is unique to this request; None for a new request
        :return: int, id of the draft `account.move`
        :raise UserError: the amount is not above zero, the budget cannot be invoiced,
            or the key belongs to a request for another budget
        """
        self.ensure_one()
        self.check_access("write")
        self._lock_for_ledger()
        move = self._get_move_of_request(key) or self._create_top_up_invoices(
            {self: amount}, key=key
        )
        return move.id

    def _get_move_of_request(self, key):
        Move = self.env["account.move"]
        if not key:
            return Move
        # The key is unique across companies, whoever asks.
        move_sudo = Move.sudo().search([("prepaid_request_key", "=", key)])
        if move_sudo and move_sudo.prepaid_budget_ids != self:
            raise UserError(
                self.env._(
                    "%(budget)s: the key %(key)s was used for another top-up. Use a "
                    "new key for a new request.",
                    budget=self.display_name,
                    key=key,
                )
            )
        return move_sudo.sudo(self.env.su)

    def _create_top_up_invoices(self, amounts, key=None, pack=None):
        """Make one draft invoice for each budget, in one batch.

        :param dict amounts: `prepaid.budget` -> credit: money without tax, or hours
        :param str key: request key, for a single budget only
        :param pack: `product.product` to invoice instead of that of the budgets
        :return: `account.move`, in the order of the budgets; all of one company
        :raise UserError: a budget cannot be invoiced; nothing is created then
        """
        journals = self._get_top_up_journals()
        for budget, amount in amounts.items():
            if reason := budget._get_top_up_obstacle(amount, pack):
                raise UserError(reason)
        vals_list = [
            {
                **b._prepare_top_up_vals(a, pack),
                "journal_id": journals[b.money_currency_id].id,
            }
            for b, a in amounts.items()
        ]
        Move = self.env["account.move"].with_company(self.company_id)
        moves = Move.with_context(mail_create_nolog=True).create(vals_list)
        if key:
            moves[:1].sudo().prepaid_request_key = key  # nobody else writes it
        # Core's note in the chatter, by one statement instead of seven per invoice.
        moves._message_log_batch({move.id: move._creation_message() for move in moves})
        return moves.with_env(Move.env)

    def _get_top_up_obstacle(self, amount, pack=None):
        """Say why no top-up invoice can be made.

        :param float amount: credit to buy: money without tax, or hours
        :param pack: `product.product` to invoice instead of that of the budget
        :return: text for the user, or False
        """
        self.ensure_one()
        checks = (
            self._get_owner_obstacle(),
            self._get_amount_obstacle(amount),
            self._get_product_obstacle(pack),
            self._get_pack_obstacle(pack),
        )
        return next((reason for reason in checks if reason), False)

    def _get_owner_obstacle(self):
        if not self.active:
            return self.env._(
                "%(budget)s is archived. Restore it to top it up.",
                budget=self.display_name,
            )
        if not self.partner_id.active:
            return self.env._(
                "%(customer)s is archived: %(budget)s gets no invoice. Restore the "
                "customer, or archive the budget too.",
                customer=self.partner_id.display_name,
                budget=self.display_name,
            )
        if self.state != BUDGET_OPEN:
            return self.env._(
                "%(budget)s is being closed: it gets no invoice.",
                budget=self.display_name,
            )
        if not self._has_rate(self.money_currency_id):
            return self.env._(
                "%(budget)s: there is no exchange rate for %(currency)s.",
                budget=self.display_name,
                currency=self.money_currency_id.name,
            )
        return False

    def _get_amount_obstacle(self, amount):
        if not is_usable(amount):
            return self.env._(
                "%(budget)s: %(amount)s is not an amount that can be invoiced. Give a "
                "number.",
                budget=self.display_name,
                amount=amount,
            )
        if self.currency_id.compare_amounts(amount, 0) > 0:
            return False
        return self.env._(
            "%(budget)s: %(amount)s cannot be invoiced. A top-up is above zero; use a "
            "credit note on the top-up invoice to give credit back.",
            budget=self.display_name,
            amount=self.currency_id.format(amount),
        )

    def _get_product_obstacle(self, pack=None):
        product = (pack or self.product_id).with_company(self.company_id)
        if not product:
            return self.env._(
                "%(budget)s has no prepaid pack. Choose the product to invoice on the "
                "budget, or a default in the settings.",
                budget=self.display_name,
            )
        if product.company_id and product.company_id != self.company_id.root_id:
            if product.company_id not in self.company_id.parent_ids:
                return self.env._(
                    "%(budget)s: %(product)s belongs to another company than "
                    "the budget.",
                    budget=self.display_name,
                    product=product.display_name,
                )
        if not product.product_tmpl_id._get_product_accounts().get("income"):
            return self.env._(
                "%(budget)s: %(product)s has no income account in %(company)s. Set one "
                "on the product or on its category.",
                budget=self.display_name,
                product=product.display_name,
                company=self.company_id.display_name,
            )
        return False

    def _get_top_up_journals(self):
        """Return the sales journal that core would choose, looked up once for all.

        :return: dict `res.currency` -> `account.journal`
        :raise UserError: the company has no sales journal
        """
        Journal = self.env["account.journal"]
        company = self.company_id
        journals = Journal.search(
            [*Journal._check_company_domain(company), ("type", "=", "sale")]
        )
        if not journals:
            raise UserError(
                self.env._(
                    "%(budget)s: %(company)s has no sales journal. Create one under "
                    "Accounting, Configuration, Journals.",
                    budget=self[:1].display_name,
                    company=company.display_name,
                )
            )
        foreign = journals.grouped("currency_id") | {company.currency_id: journals}
        return {
            currency: foreign.get(currency, journals)[:1]
            for currency in self.money_currency_id
        }

    def _prepare_top_up_vals(self, amount, pack=None):
        """Return the values of a top-up invoice.

        Fiscal position, payment terms and language follow from the customer, as on any
        invoice; the budget can name another contact, other terms and a purchase order.

        :param float amount: credit to buy: money without tax, or hours
        :param pack: `product.product` to invoice instead of that of the budget
        """
        self.ensure_one()
        contact = self._get_top_up_contact()
        line = self._prepare_top_up_line_vals(amount, contact, pack)
        vals = {
            "move_type": "out_invoice",
            "company_id": self.company_id.id,
            "partner_id": contact.id,
            "currency_id": self.money_currency_id.id,
            "invoice_user_id": self.user_id.id,
            "invoice_origin": self.name,
            "ref": self.customer_reference,
            "invoice_line_ids": [Command.create(line)],
        }
        if self.payment_term_id:
            vals["invoice_payment_term_id"] = self.payment_term_id.id
        return vals

    def _get_top_up_contact(self):
        """Return the `res.partner` that top-up invoices are addressed to."""
        self.ensure_one()
        return self.invoice_partner_id or self.partner_id.browse(
            self.partner_id.address_get(["invoice"])["invoice"]
        ).with_prefetch(self.partner_id._prefetch_ids)

    def _prepare_top_up_line_vals(self, amount, contact, pack=None):
        """Return the values of the invoice line that buys credit.

        :param float amount: credit to buy: money without tax, or hours
        :param contact: `res.partner` whose language the invoice is written in
        :param pack: `product.product` to invoice instead of that of the budget
        """
        product = (pack or self.product_id).with_context(lang=contact.lang)
        taxes = self._get_top_up_taxes(product, contact)
        return {
            "product_id": product.id,
            "name": f"{product.display_name}\n{self.name}",
            **self._prepare_top_up_price_vals(amount, taxes, pack),
            "tax_ids": [Command.set(taxes.ids)],
            "prepaid_budget_id": self.id,
        }

    def _get_top_up_taxes(self, product, contact):
        """Return the taxes of a pack for the one who is invoiced.

        :param product: `product.product`, the pack
        :param contact: `res.partner` that is invoiced
        """
        self.ensure_one()
        # Taxes of other companies are only skipped, not shown.
        taxes_sudo = product.sudo().taxes_id._filter_taxes_by_company(self.company_id)
        taxes = taxes_sudo.sudo(self.env.su)
        position = (
            self.env["account.fiscal.position"]
            .with_company(self.company_id)
            ._get_fiscal_position(
                contact,
                delivery=contact.browse(contact.address_get(["delivery"])["delivery"]),
            )
        )
        return position.map_tax(taxes)

    def _get_price_for_net(self, amount, taxes, pack=None):
        """Return the price that buys `amount` without tax, also with tax included."""
        if not any(taxes.flatten_taxes_hierarchy().mapped("price_include")):
            return amount
        return taxes.with_context(force_price_include=False).compute_all(
            amount, currency=self.money_currency_id, product=pack or self.product_id
        )["total_included"]
