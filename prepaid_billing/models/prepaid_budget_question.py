from odoo import models
from odoo.exceptions import UserError

#: Characters of a question; what is longer is a letter.
QUESTION_LENGTH = 2000


class PrepaidBudgetQuestion(models.Model):
    """The customer asks about a movement, the responsible person is told."""

    _inherit = "prepaid.budget"

    def _ask_in_portal(self, entry_id, question):
        """Record a question of the user, and give it to the responsible person.

        :param int entry_id: id of a `prepaid.entry` of this budget
        :param str question: the customer's words
        :return: the `mail.message`
        :raise UserError: the question is empty or too long, or no movement of this
            budget is meant
        """
        self.ensure_one()
        self.check_access("read")
        text = (question or "").strip()
        if not text or len(text) > QUESTION_LENGTH:
            raise UserError(
                self.env._(
                    "Write your question, in at most %(count)s characters.",
                    count=QUESTION_LENGTH,
                )
            )
        entry = self.env["prepaid.entry"].search(
            [("id", "=", entry_id), ("budget_id", "=", self.id)]
        )
        if not entry:
            raise UserError(
                self.env._(
                    "%(budget)s has no such movement. Open it again and choose one.",
                    budget=self.name,
                )
            )
        budget_sudo = self.sudo()  # customers may not post on budgets by themselves
        return budget_sudo._post_question(entry.sudo(), text, self.env.user.partner_id)

    def _post_question(self, entry, text, author):
        """Post a question with the movement that it is about, and schedule an answer.

        :param entry: `prepaid.entry`
        :param str text: the customer's words
        :param author: `res.partner` who asks
        :return: the `mail.message`
        """
        self.ensure_one()
        about = self.env._(
            "%(date)s %(name)s, %(amount)s",
            date=entry.date,
            name=entry.name,
            amount=self._format_quantity(entry.quantity),
        )
        self._schedule_activity(
            self.env._(
                "Question of %(customer)s: %(about)s",
                customer=author.name,
                about=about,
            )
        )
        return self.message_post(
            body=self.env._(
                "Question about %(about)s:\n%(text)s", about=about, text=text
            ),
            author_id=author.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.user_id.partner_id.ids,
        )
