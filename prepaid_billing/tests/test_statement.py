"""What happened in a period: the same figures on every page and paper."""

import io
from datetime import date

from freezegun import freeze_time
from lxml import html
from openpyxl import load_workbook

from odoo import Command
from odoo.tests import Form

from .common import PrepaidCommon
from .test_portal import PrepaidPortalCommon


class StatementCommon(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.budget = cls._create_budget()
        for day, act in (
            ("2026-05-20 12:00", lambda: cls._buy(cls.budget, 500.0, day="2026-05-20")),
            ("2026-05-28 12:00", lambda: cls._spend(120.0, name="Logo")),
            ("2026-06-03 12:00", lambda: cls._spend(80.0, name="Call")),
            ("2026-06-10 12:00", lambda: cls._buy(cls.budget, 200.0, day="2026-06-10")),
            ("2026-06-30 12:00", lambda: cls._spend(50.0, name="Fix")),
            ("2026-07-01 12:00", lambda: cls._spend(10.0, name="Later")),
        ):
            with freeze_time(day):
                act()

    def _get_june(self, budget=None):
        return (budget or self.budget)._get_statement(
            date(2026, 6, 1), date(2026, 6, 30)
        )

    def _get_figures(self, statement):
        return [statement[k] for k in ("opening", "credited", "used", "closing")]


class TestStatement(StatementCommon):
    def test_bf52_opening_rows_closing(self):
        """June opens with what May left, and ends with what July starts with."""
        june = self._get_june()
        self.assertEqual(self._get_figures(june), [380.0, 200.0, -130.0, 450.0])
        self.assertEqual(
            [(r["description"], r["amount"], r["balance"]) for r in june["rows"]][::2],
            [("Call", -80.0, 300.0), ("Fix", -50.0, 450.0)],
        )
        first = june["rows"][0]
        self.assertEqual((first["hours"], first["rate"]), (0.8, 100.0))
        self.assertEqual(str(first["work_date"]), "2026-06-15")

    def test_b94_opening_and_rows_are_closing_for_any_period(self):
        """Whatever the period: also one day, an empty one and one before all."""
        days = [date(2026, m, d) for m, d in ((1, 1), (5, 20), (6, 3), (6, 30), (8, 1))]
        for first in days:
            for last in (day for day in days if day >= first):
                with self.subTest(first=first, last=last):
                    statement = self.budget._get_statement(first, last)
                    rows = sum(row["amount"] for row in statement["rows"])
                    self.assertAlmostEqual(
                        statement["opening"] + rows, statement["closing"], 9
                    )
                    self.assertEqual(statement["count"], len(statement["rows"]))
                    self.assertEqual(
                        statement["closing"], self.budget._get_balance_on(last)
                    )
                    if statement["rows"]:
                        self.assertEqual(
                            statement["rows"][-1]["balance"], statement["closing"]
                        )
        self.assertEqual(self.budget._get_balance_on(days[-1]), self.budget.balance)

    def test_b94_reprinted_later_it_is_the_same(self):
        """Work of June that is booked in July, and renamed projects, change nothing."""
        report = self.env["report.prepaid_billing.report_prepaid_statement"]
        period = {"date_from": "2026-06-01", "date_to": "2026-06-30"}
        before = self._render(period)
        xlsx = self.budget._render_statement_xlsx(date(2026, 6, 1), date(2026, 6, 30))
        with freeze_time("2026-07-15 12:00"):
            timesheet = self._log_time(1.0, name="Late")
            self._deduct(timesheet)
            self.project.sudo().name = "Renamed"
            self.env.invalidate_all()
            self.assertEqual(self._render(period), before)
            self.assertEqual(
                self._read(xlsx),
                self._read(
                    self.budget._render_statement_xlsx(
                        date(2026, 6, 1), date(2026, 6, 30)
                    )
                ),
            )
            july = {"date_from": "2026-07-01", "date_to": "2026-07-31"}
            self.assertIn("Late", self._render(july))
        self.assertTrue(report._get_report_values(self.budget.ids, period)["docs"])

    def _render(self, period):
        Report = self.env["ir.actions.report"]
        content, _type = Report._render_qweb_html(
            "prepaid_billing.prepaid_statement_report", self.budget.ids, dict(period)
        )
        return html.fromstring(content).text_content()

    def _read(self, content):
        sheet = load_workbook(io.BytesIO(content)).active
        return [[cell.value for cell in row] for row in sheet.iter_rows()]

    def test_bf52_spreadsheet_has_the_figures(self):
        """As numbers and days, not as text; typed formulas stay text."""
        with freeze_time("2026-06-30 12:00"):
            self._spend(10.0, name="=1+1")
        rows = self._read(
            self.budget._render_statement_xlsx(date(2026, 6, 1), date(2026, 6, 30))
        )
        self.assertEqual(rows[5][7], 380.0)
        self.assertEqual(rows[-1][7], 440.0)
        self.assertEqual([row[6] for row in rows[6:-1]], [-80.0, 200.0, -50.0, -10.0])
        self.assertEqual(rows[6][0].date(), date(2026, 6, 3))
        self.assertEqual(rows[-2][2], "=1+1")

    def test_bf52_back_office_wizard(self):
        """Staff chooses a period, sees the same figures and downloads."""
        wizard_form = Form(
            self.env["prepaid.statement"].with_context(default_budget_id=self.budget.id)
        )
        wizard_form.date_from = "2026-06-01"
        wizard_form.date_to = "2026-06-30"
        self.assertEqual(wizard_form.closing, 450.0)
        wizard = wizard_form.save()
        self.assertEqual(
            [wizard.opening, wizard.credited, wizard.used, wizard.closing],
            self._get_figures(self._get_june()),
        )
        url = wizard.action_pdf()["url"]
        self.assertIn(f"/my/prepaid/{self.budget.id}/statement.pdf?", url)
        self.assertIn("date_from=2026-06-01&date_to=2026-06-30", url)
        self.assertEqual(
            self.budget.action_statement()["res_model"], "prepaid.statement"
        )

    def test_bf52_a_period_must_not_end_before_it_begins(self):
        with self.assertRefused("ends before it begins"):
            self.budget._read_statement_period("2026-06-30", "2026-06-01")

    def test_b94_pages_of_rows_continue(self):
        """A page of the rows carries the running balance on."""
        whole = self._get_june()
        page = self.budget._get_statement(date(2026, 6, 1), date(2026, 6, 30), 1, 2)
        self.assertEqual(page["rows"], whole["rows"][1:3])
        self.assertEqual(self._get_figures(page), self._get_figures(whole))

    def test_b59_three_decimals(self):
        """A statement in dinars adds up to the last fils."""
        dinar = self._enable_currency("KWD")
        budget = self._create_budget(
            partner=self.customer, currency_id=dinar.id, product_id=self.pack.id
        )
        self._buy(budget, 10.005)
        today = self.company._get_autopay_today()
        statement = budget._get_statement(today.replace(day=1), today)
        self.assertEqual(statement["closing"], 10.005)
        self.assertIn("10.005", budget._format_quantity(statement["closing"]))

    def test_bf4_statement_of_a_budget_in_hours(self):
        """Hours add up as hours; their rate is money."""
        pack = self._create_pack(
            name="Hours",
            prepaid_unit="hours",
            uom_id=self.env.ref("uom.product_uom_hour").id,
            list_price=80.0,
        )
        project = self._create_project(self.customer, self.order, name="Care")
        budget = self._create_budget(
            unit="hours",
            product_id=pack.id,
            scope="projects",
            project_ids=project.ids,
            credit=10.0,
        )
        self._deduct(self._log_time(2.5, project=project))
        today = self.company._get_autopay_today()
        statement = budget._get_statement(today, today)
        self.assertEqual(self._get_figures(statement), [0.0, 10.0, -2.5, 7.5])
        self.assertIn("h", budget._format_quantity(statement["closing"]))
        self.assertEqual(budget._get_rate_currency_sudo(), self.usd)
        self.assertEqual(budget.percent_left, 75)

    @classmethod
    def _enable_currency(cls, name):
        currency = (
            cls.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", name)])
        )
        currency.sudo().active = True
        cls.env["res.currency.rate"].sudo().create(
            {
                "currency_id": currency.id,
                "company_id": cls.company.id,
                "name": "2020-01-01",
                "rate": 0.3,
            }
        )
        return currency


class TestStatementPortal(StatementCommon, PrepaidPortalCommon):
    def _url(self, kind="", budget=None, **query):
        query = {"date_from": "2026-06-01", "date_to": "2026-06-30", **query}
        text = "&".join(f"{k}={v}" for k, v in query.items())
        return f"/my/prepaid/{(budget or self.budget).id}/statement{kind}?{text}"

    def test_b94_page_pdf_and_spreadsheet_agree(self):
        """Portal page, PDF, spreadsheet and form: one figure for one day."""
        page = self._get_page(self._url())
        figures = [
            self._get_text(page.xpath(f"//td[hasclass('o_prepaid_{name}')]")[0])
            for name in ("opening", "credited", "used", "closing")
        ]
        self.assertEqual(figures, ["$ 380.00", "$ 200.00", "$ -130.00", "$ 450.00"])
        self.assertEqual(len(page.xpath("//tr[hasclass('o_prepaid_row')]")), 3)
        response = self._get(self._url(".xlsx"), "azure_contact")
        sheet = load_workbook(io.BytesIO(response.content)).active
        self.assertEqual(sheet.cell(6, 8).value, 380.0)
        self.assertEqual(sheet.cell(sheet.max_row, 8).value, 450.0)
        self.assertIn("attachment", response.headers["Content-Disposition"])
        response = self._get(self._url(".pdf"), "azure_contact")
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        # In tests Odoo answers with the page that becomes the PDF.
        text = self._get_text(html.fromstring(response.content))
        for figure in figures:
            self.assertIn(figure, text)

    def test_b85_foreign_statements_are_not_found(self):
        """Page, PDF and spreadsheet, for everybody who may not see the budget."""
        missing = self.budget.id + 1000
        for login in ("azure_subsidiary", "brown_owner", "azure_worker"):
            for kind in ("", ".pdf", ".xlsx"):
                with self.subTest(login=login, kind=kind):
                    self._get(self._url(kind), login, status=404)
        for kind in ("", ".pdf", ".xlsx"):
            with self.subTest(kind=kind):
                self._get(self._url(kind), "azure_deductor")
                url = self._url(kind).replace(f"/{self.budget.id}/", f"/{missing}/")
                self._get(url, "azure_contact", status=404)
        self.authenticate(None, None)
        for kind in ("", ".pdf", ".xlsx"):
            response = self.url_open(self._url(kind), allow_redirects=False)
            self.assertIn("/web/login", response.headers["Location"])

    def test_bf52_a_bad_period_is_explained(self):
        page = self._get_page(self._url(date_from="2026-12-01"))
        self.assertIn("ends before it begins", self._get_text(page))
        self._get(self._url(".pdf", date_from="2026-12-01"), "azure_contact", 404)
        self._get_page(self._url(date_from="rubbish", date_to="x"))

    def test_bf52_internal_words_stay_inside(self):
        timesheet = self._log_time(0.1)
        with freeze_time("2026-06-30 13:00"):
            self._deduct(timesheet, key="batch-9")
            timesheet._prepaid_release("Our mistake")
        for kind in ("", ".pdf"):
            text = self._get(self._url(kind), "azure_contact").text
            for secret in ("batch-9", "Our mistake", self.employee.name + " "):
                self.assertNotIn(secret, text)

    def test_bf52_archived_budgets_are_for_staff(self):
        self.budget.active = False
        self._get(self._url(".xlsx"), "azure_contact", status=404)
        self._get(self._url(".xlsx"), "azure_deductor")

    def test_bf52_the_statement_speaks_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        response = self._get(self._url(".pdf"), "azure_contact")
        self.assertIn("30/06/2026", response.text)

    def test_b85_a_user_of_two_companies(self):
        """Staff of another company gets nothing either."""
        other = self._create_company(name="Elsewhere")
        user = self._create_user("else_deductor", "prepaid_billing.group_user")
        user.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self._get(self._url(".xlsx"), "else_deductor", status=404)
