from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import const
from ..tools.digest import digest_of_file


class PaymentPlanFiling(models.Model):
    """The signed contract as a file: made once, kept, served as it was made."""

    _inherit = "payment.plan"

    filing_problem = fields.Char(
        readonly=True, copy=False, help="Why the contract could not be filed."
    )

    def _sign(self, digest, name, evidence):
        """Sign, and have the contract filed and sent once that is committed."""
        version = super()._sign(digest, name, evidence)
        self._file_soon()
        return version

    @api.model
    def _file_soon(self):
        """Have the job file what is signed; nothing is rendered or sent here."""
        # Customers sign, the system files.
        self.env.ref("payment_plan.ir_cron_file_contracts").sudo()._trigger()

    # === FILING === #

    @api.model
    def _cron_file_contracts(self):
        """File the contract of each signature, each in its own committed step."""
        unfiled = self.env["payment.plan.event"]._get_unfiled()
        remaining = len(unfiled)
        for event in unfiled:
            remaining -= 1
            plan = event.plan_id.with_company(event.company_id)
            failure = plan._try_step(lambda plan, e=event: plan._file_contract(e))
            if failure and failure is not True:  # not only in somebody's hands
                problem = str(failure)
                plan._try_step(lambda plan, p=problem: plan._note_filing_problem(p))
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break

    def _file_contract(self, event):
        """Render, keep and send the contract of a signature, unless that was done.

        :param event: `payment.plan.event` of the signature, of this plan
        :return: the event `filed`, empty when it was filed already
        :raise UserError: what was signed is not intact
        """
        self.ensure_one()
        if event.filed_ids:
            return event.browse()
        if not event.version_id._is_intact():
            raise UserError(
                self.env._(
                    "%s is not what was signed any more: its content was changed in "
                    "the database. Compare it with a backup.",
                    event.version_id.display_name,
                )
            )
        content = self._render_file(event)  # takes seconds: before the lock
        self._lock()
        event.invalidate_recordset(["filed_ids"])
        if event.filed_ids:
            return event.browse()
        filed = self._store_file(event, content)
        self.filing_problem = False
        self._send_contract(filed)
        return filed

    def _render_file(self, event):
        """Return the bytes of the PDF, in the language that was signed."""
        Report = self.env["ir.actions.report"].with_context(lang=event.version_id.lang)
        return Report._render_qweb_pdf("payment_plan.report_contract", event.ids)[0]

    def _store_file(self, event, content):
        """Keep a file as evidence: bytes and their SHA-256.

        :param event: `payment.plan.event` of the signature
        :param bytes content: of the PDF
        :return: `payment.plan.event`
        """
        attachment = self.env["ir.attachment"].create(
            {
                "name": self._get_contract_filename(),
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self.id,
                "company_id": self.company_id.id,
            }
        )
        return self._log_event(
            const.EVENT_FILED,
            event.version_id,
            {
                "source_id": event.id,
                "attachment_id": attachment.id,
                "digest": digest_of_file(content),
            },
        )

    def _get_contract_filename(self):
        self.ensure_one()
        number = (self.sale_order_id.name or str(self.id)).replace("/", "-")
        return self.env._("Contract %s", number) + ".pdf"

    def _send_contract(self, filed):
        """Queue the mail that brings both sides their copy; it goes after the commit.

        :param filed: `payment.plan.event` with the file
        """
        self.env.ref("payment_plan.mail_template_contract").send_mail(
            self.id,
            force_send=False,
            email_values={"attachment_ids": [(4, filed.attachment_id.id)]},
            email_layout_xmlid="mail.mail_notification_light",
        )
        self._message_log(
            body=self.env._(
                "The signed contract was filed and sent. SHA-256: %s", filed.digest
            )
        )

    def _get_contract_recipients(self):
        """Return who gets a copy: the customer, and whoever answers for us."""
        self.ensure_one()
        responsible = self.user_id.partner_id or self.company_id.partner_id
        return self.partner_id | responsible

    def _note_filing_problem(self, problem):
        """Keep why the contract could not be filed, and tell the salesperson once."""
        self.ensure_one()
        if self.filing_problem != problem:
            self.filing_problem = problem
            self._ask_responsible(
                self.env._("%s could not be filed", self._get_contract_filename()),
                problem,
            )

    # === SERVING === #

    def _get_filed(self):
        """Return the file with the latest signature, an empty event without one."""
        self.ensure_one()
        events_sudo = self.sudo().event_ids  # customers may not read evidence
        filed = events_sudo.filtered(lambda e: e.kind == const.EVENT_FILED)
        return filed.sorted("id")[-1:]

    def _read_contract_file(self):
        """Return the stored bytes of the signed contract, verified (P75).

        A file that is not the one that was filed is not handed out; whoever answers
        for the plan is told.

        :return: tuple (bytes or None, file name, problem as text)
        """
        self.ensure_one()
        filed_sudo = self._get_filed()
        name = filed_sudo.attachment_id.name or self._get_contract_filename()
        if not filed_sudo:
            return (
                None,
                name,
                self.env._(
                    "The signed contract is being prepared: it comes by mail, and will "
                    "be here in a few minutes."
                ),
            )
        content = filed_sudo.attachment_id.raw or b""
        if digest_of_file(content) == filed_sudo.digest:
            return content, name, ""
        self.sudo()._ask_responsible(  # whoever asks, staff is told
            self.env._("%s was changed", name),
            self.env._(
                "The stored file is not the one that was signed: its SHA-256 is not "
                "%s. It is not handed out. Restore the file from a backup.",
                filed_sudo.digest,
            ),
        )
        return (
            None,
            name,
            self.env._(
                "The stored file is not the one that was signed, hence it is not "
                "shown. We were told; the copy that you got by mail is valid."
            ),
        )

    def action_open_contract(self):
        """Open the signed contract, verified, in the browser.

        :raise UserError: it is not filed yet, or not intact
        """
        self.ensure_one()
        self.check_access("read")
        if not self._get_filed():
            raise UserError(self._read_contract_file()[2])
        return {
            "type": "ir.actions.act_url",
            "url": f"/my/plans/{self.id}/contract",
            "target": "new",
        }
