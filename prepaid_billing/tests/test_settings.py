from odoo import Command

from .common import PrepaidCommon


class TestSettings(PrepaidCommon):
    """What the settings of the company warn about."""

    def _is_tax_missing(self):
        return self.env["res.config.settings"].create({}).is_prepaid_tax_missing

    def test_b77_default_pack_without_tax_is_pointed_out(self):
        """Its credit could pay for nothing that is taxed as usual."""
        pack = self._create_pack(taxes_id=[Command.clear()])
        self.company.sudo().prepaid_product_id = pack
        self.assertTrue(self._is_tax_missing())
        pack.taxes_id = self.tax
        self.assertFalse(self._is_tax_missing())

    def test_b77_the_pack_of_the_add_on_is_looked_at_too(self):
        pack = self.env.ref("prepaid_billing.product_prepaid_credit")
        pack.taxes_id = False
        self.assertTrue(self._is_tax_missing())
        self.company.sudo().prepaid_product_id = self.pack
        self.assertFalse(self._is_tax_missing())

    def test_no_warning_where_sales_are_not_taxed(self):
        pack = self._create_pack(taxes_id=[Command.clear()])
        self.company.sudo().prepaid_product_id = pack
        self.company.sudo().account_sale_tax_id = False
        self.assertFalse(self._is_tax_missing())
