"""Texts with {names} in them: no template engine, hence nothing to be executed."""

import re

from lxml import html
from markupsafe import Markup, escape

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
BRACE = re.compile(r"[{}]")


def find_names(text):
    """Return the names in braces of a text, in their order.

    :param str text: HTML
    """
    return PLACEHOLDER.findall(text or "")


def has_stray_brace(text):
    """Whether braces are left that are no placeholder, or are in an attribute.

    Values are escaped for text, not for addresses or styles.

    :param str text: HTML
    """
    if BRACE.search(PLACEHOLDER.sub("", text or "")):
        return True
    return any(
        BRACE.search(value)
        for element in html.fragment_fromstring(text or "", "div").iter()
        for value in element.attrib.values()
    )


def has_digit(text):
    """Whether the words of a text contain figures.

    :param str text: HTML
    """
    words = html.fragment_fromstring(text or "", "div").text_content()
    return any(character.isdigit() for character in words)


def fill(text, values):
    """Put escaped values in the place of the names in a text.

    :param str text: HTML, sanitized
    :param dict values: texts by name; `Markup` stays as it is
    :return: Markup
    :raise KeyError: a name is unknown
    """
    return Markup(
        PLACEHOLDER.sub(lambda found: str(escape(values[found[1]])), str(text or ""))
    )
