"""The dashboard asks for what there is, and gets the figures of the budgets."""

import json

from odoo.fields import Domain
from odoo.tests import new_test_user, tagged

from odoo.addons.prepaid_billing.tests.common import PrepaidCommon


@tagged("post_install", "-at_install")
class TestDashboard(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dashboard = cls.env.ref(
            "prepaid_billing_dashboard.spreadsheet_dashboard_prepaid"
        )
        cls.reader = new_test_user(
            cls.env(su=True),
            "dashboard_reader",
            groups="prepaid_billing.group_user",
            company_id=cls.company.id,
        )
        answer = cls.dashboard.with_user(
            cls.reader
        )._get_serialized_readonly_dashboard()
        cls.sheet = json.loads(answer)["snapshot"]

    def _read(self, id_):
        """Ask for a pivot as the browser does; return its first figure."""
        pivot = self.sheet["pivots"][id_]
        measure = pivot["measures"][0]["id"]
        groups = (
            self.env[pivot["model"]]
            .with_user(self.reader)
            .formatted_read_group(
                Domain(pivot["domain"]) & Domain("company_id", "=", self.company.id),
                [],
                [measure],
            )
        )
        return groups[0][measure]

    def test_bf62_figures_are_those_of_the_budgets(self):
        """What is owed, what is left in hours, debt, what is low, what was used."""
        budget = self._create_budget(credit=500.0, threshold=400.0)
        self._spend(120.0)
        other = self.env["res.partner"].create({"name": "Brown", "is_company": True})
        debtor = self._create_budget(partner=other, hourly_rate=100.0)
        payment = self._pay(self._buy(debtor, 100.0, pay=False))
        self._deduct(self._log_time(1.0, self._create_project(other)))
        payment.action_draft()
        hours = self._create_pack(prepaid_unit="hours", prepaid_credit=10)
        in_hours = self._create_budget(unit="hours", product_id=hours.id)
        self._buy(in_hours, 20.0)
        self.assertBalance(budget, 380.0)
        self.assertBalance(debtor, -100.0)
        figures = {
            "1": 280.0,  # balances in money
            "2": 20.0,  # hours
            "3": -100.0,  # debt
            "4": 2,  # budgets below their threshold
            "5": -220.0,  # used, in money
            "6": 0.0,
            "7": 380.0,  # what is left of lots
            "9": -220.0,  # used in the period, in money
            "10": 0.0,
        }
        for id_, expected in figures.items():
            self.assertEqual(self._read(id_) or 0.0, expected, id_)

    def test_bf62_every_field_and_menu_exists(self):
        """A field that is renamed one day breaks this test, not the dashboard."""
        sources = [*self.sheet["pivots"].values(), *self.sheet["lists"].values()]
        self.assertGreater(len(sources), 9)
        for source in sources:
            with self.subTest(source=source["name"]):
                Model = self.env[source["model"]].with_user(self.reader)
                Model.search(source["domain"], limit=1)
                if "measures" in source:
                    self._read_pivot(Model, source)
                else:
                    order = ", ".join(o["name"] for o in source["orderBy"])
                    names = source["columns"]
                    Model.search_read(source["domain"], names, order=order, limit=2)
                for match in source["fieldMatching"].values():
                    self.assertTrue(Model._fields[match["chain"].split(".")[0]])
        for menu in self.sheet["chartOdooMenusReferences"].values():
            self.assertEqual(self.env.ref(menu)._name, "ir.ui.menu")

    def _read_pivot(self, model, source):
        """Ask for all of a pivot: rows, columns and measures."""
        groups = [
            ":".join(filter(None, (dim["fieldName"], dim.get("granularity"))))
            for dim in source["rows"] + source["columns"]
        ]
        measures = [measure["id"] for measure in source["measures"]]
        self.assertTrue(measures)
        model.formatted_read_group(source["domain"], groups, measures, limit=2)

    def test_bf62_titles_open_what_they_list(self):
        """A click on a title opens the records of the list below it."""
        cells = self.sheet["sheets"][0]["cells"]
        lists = self.sheet["lists"]
        for cell, id_ in (("A23", "1"), ("F23", "2"), ("F34", "3")):
            content = cells[cell]
            content = content if isinstance(content, str) else content["content"]
            address = content.partition("(odoo://view/")[2].removesuffix(")")
            action = json.loads(address)["action"]
            Model = self.env[action["modelName"]]
            self.assertEqual(action["modelName"], lists[id_]["model"])
            self.assertEqual(
                Model.search(action["domain"]), Model.search(lists[id_]["domain"]), cell
            )
            self.assertCountEqual(action["domain"], lists[id_]["domain"], cell)

    def test_bf62_b87_who_sees_it(self):
        """Those who may see budgets, nobody else."""
        worker = new_test_user(
            self.env(su=True),
            "dashboard_worker",
            groups="hr_timesheet.group_hr_timesheet_user",
        )
        Dashboard = self.env["spreadsheet.dashboard"]
        domain = [("id", "=", self.dashboard.id)]
        self.assertTrue(Dashboard.with_user(self.reader).search(domain))
        self.assertFalse(Dashboard.with_user(worker).search(domain))
