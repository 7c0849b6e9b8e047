import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import consteq

#: Bytes of chance in a link.
TOKEN_BYTES = 32
#: Numbers beyond this are no ids.
LARGEST_ID = 2**31 - 1

#: Made by a method of their own, never typed.
SHARE_FIELDS = frozenset({"share_token"})


class PrepaidBudgetShare(models.Model):
    """A link by which anybody who has it sees a budget without logging in (BF54)."""

    _inherit = "prepaid.budget"

    share_token = fields.Char(
        copy=False, readonly=True, groups="prepaid_billing.group_manager"
    )
    share_until = fields.Date(
        "Link valid until",
        copy=False,
        tracking=True,
        groups="prepaid_billing.group_user",
        help="This day included. Empty: until it is revoked.",
    )
    share_url = fields.Char(
        "Link for the customer",
        compute="_compute_share_url",
        compute_sudo=True,
        groups="prepaid_billing.group_user",
    )
    show_employees = fields.Boolean(
        "Show who worked",
        tracking=True,
        help="The customer sees the names of those who worked, in the portal and by "
        "the link.",
    )

    @api.depends("share_token")
    def _compute_share_url(self):
        for budget in self:
            budget.share_url = budget.share_token and (
                f"{budget.get_base_url()}/prepaid/{budget.id}/{budget.share_token}"
            )

    def _normalize_vals(self, vals):
        if not self.env.su and SHARE_FIELDS & vals.keys():
            raise UserError(
                self.env._(
                    "A link is made by chance, not typed. Use the button Share or "
                    "Renew link."
                )
            )
        return super()._normalize_vals(vals)

    @api.model
    def default_get(self, fields):
        """No default value from anywhere decides a link."""
        return super().default_get([f for f in fields if f not in SHARE_FIELDS])

    # === STAFF === #

    def action_share(self):
        """Make a link to this budget; an earlier one stops working.

        :raise AccessError: the user may not change budgets
        """
        self.check_access("write")
        for budget in self:
            budget_sudo = budget.sudo()  # the token is written by the system only
            is_renewed = bool(budget_sudo.share_token)
            budget_sudo.share_token = secrets.token_urlsafe(TOKEN_BYTES)
            if is_renewed:
                note = self.env._("The link was renewed: the old one is dead.")
            else:
                note = self.env._("A link that needs no login was made.")
            budget._message_log(body=note)

    def action_revoke_share(self):
        """Let the link to this budget lead nowhere.

        :raise AccessError: the user may not change budgets
        """
        self.check_access("write")
        for budget in self:
            budget_sudo = budget.sudo()  # as above
            if budget_sudo.share_token:
                budget_sudo.share_token = False
                budget._message_log(body=self.env._("The link was revoked."))

    # === READERS === #

    @api.model
    def _find_shared(self, budget_id, token):
        """Return the budget that a link leads to, sudoed; empty when it leads nowhere.

        A wrong id, a wrong token, a revoked and an expired link give the same answer.

        :param int budget_id: from the address
        :param str token: from the address
        """
        nothing = self.browse()
        if not 0 < budget_id <= LARGEST_ID or not token.isascii():
            return nothing
        budget_sudo = self.sudo().browse(budget_id).exists()  # the token is the right
        if not budget_sudo.share_token or not budget_sudo.active:
            return nothing
        if not consteq(budget_sudo.share_token, token):
            return nothing
        until = budget_sudo.share_until
        if until and until < budget_sudo._get_portal_today():
            return nothing
        return budget_sudo
