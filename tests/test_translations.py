"""What customers read is there in French, Dutch and German, and fits the program."""

import re

import polib
import pytest

from devtools import project

LANGUAGES = ("de", "fr", "nl")
TRANSLATED = ("invoice_autopay", "payment_plan", "prepaid_billing")

#: What a translation has to keep: placeholders, expressions, tags.
KEPT = re.compile(r"%\(\w+\)[a-z]|%[sd]|{{.*?}}|</?\w+|t-[a-z]+=\"[^\"]*\"")

#: Pages, papers and mails of customers, by the names of their templates.
PAGES = re.compile(
    r"arch_db:\w+\.(portal_|prepaid_(shared|statement_(figures|table))"
    r"|report_prepaid_statement)"
)
MAILS = re.compile(r"model:mail\.template,(subject|body_html):")

#: Nothing to translate in these.
WORDLESS = re.compile(r"[\W\d_]*")


def read_template(addon: str) -> polib.POFile:
    return polib.pofile(project.REPO / addon / "i18n" / f"{addon}.pot")


def read_language(addon: str, language: str) -> polib.POFile:
    return polib.pofile(project.REPO / addon / "i18n" / f"{language}.po")


def is_for_customers(entry: polib.POEntry) -> bool:
    """Whether a customer reads this term on a page, on paper or in a mail."""
    if WORDLESS.fullmatch(re.sub(r"<[^>]*>", "", entry.msgid)):
        return False
    return any(
        PAGES.search(place) or MAILS.match(place) for place, _ in entry.occurrences
    )


def test_every_addon_has_a_template():
    for addon in project.addons():
        assert len(read_template(addon)), addon


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("addon", TRANSLATED)
def test_translations_fit_the_program(addon, language):
    """No empty, doubtful or outdated one, and each keeps its placeholders."""
    messages = read_language(addon, language)
    assert messages.metadata["Language"] == language
    known = {entry.msgid for entry in read_template(addon)}
    for entry in messages:
        assert entry.msgstr, entry.msgid
        assert not entry.fuzzy and not entry.obsolete, entry.msgid
        assert entry.msgid in known, f"make pot, then translate again: {entry.msgid}"
        kept, expected = KEPT.findall(entry.msgstr), KEPT.findall(entry.msgid)
        assert sorted(kept) == sorted(expected), entry.msgid


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("addon", TRANSLATED)
def test_customers_read_nothing_untranslated(addon, language):
    """Whatever stands on a page, on paper or in a mail of customers is translated."""
    translated = {entry.msgid for entry in read_language(addon, language)}
    missing = [
        entry.msgid
        for entry in read_template(addon)
        if is_for_customers(entry) and entry.msgid not in translated
    ]
    assert not missing
