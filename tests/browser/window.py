"""A browser window as its user sees it: labels, buttons, fields."""

import re

from playwright.sync_api import BrowserContext, Locator, expect

#: Reports every error dialog that ever appears, also one that is closed again.
WATCH_DIALOGS = """
new MutationObserver(() => {
    const dialog = document.querySelector(".o_error_dialog");
    if (dialog) console.error("ERROR DIALOG " + dialog.innerText);
}).observe(document, {childList: true, subtree: true});
"""

TIMEOUT = 60_000


class Window:
    """One logged-in user; ``page`` is Playwright's."""

    def __init__(self, context: BrowserContext):
        context.set_default_timeout(TIMEOUT)
        expect.set_options(timeout=TIMEOUT)
        self._errors: list[str] = []
        self.page = context.new_page()
        self.page.add_init_script(WATCH_DIALOGS)
        self.page.on("pageerror", lambda error: self._errors.append(str(error)))
        self.page.on("console", self._on_console)

    def _on_console(self, message) -> None:
        if message.text.startswith("ERROR DIALOG"):
            self._errors.append(message.text)

    def assert_no_errors(self) -> None:
        """No script failed and no error dialog was shown."""
        assert not self._errors, "\n".join(self._errors)

    def assert_fits(self) -> None:
        """The page is not wider than the window."""
        width = self.page.evaluate("document.documentElement.scrollWidth")
        assert width <= self.page.viewport_size["width"], self.page.url

    # === ANY PAGE === #

    def log_in(self, login: str) -> None:
        """Log in by the form; demo passwords equal the logins."""
        self.page.goto("/web/login")
        self.page.get_by_label("Email").fill(login)
        self.page.get_by_label("Password", exact=True).fill(login)
        self.page.get_by_role("button", name="Log in", exact=True).click()
        expect(self.page.locator(".o_main_navbar, .o_portal_wrap")).to_be_visible()

    def button(self, label: str) -> Locator:
        """Return the button with exactly this label."""
        return self.page.get_by_role("button", name=label, exact=True)

    def shoot(self, screenshot, name: str) -> None:
        """Keep a picture without tooltips, calendars and the like."""
        self.page.mouse.move(0, self.page.viewport_size["height"] // 2)
        expect(self.page.locator(".o-tooltip, .o_notification_close")).to_have_count(0)
        screenshot(self.page, name)

    # === ODOO'S WEB CLIENT === #

    def open(self, path: str) -> None:
        """Open a page of the web client and wait until it is drawn."""
        self.page.goto(f"/odoo/{path}")
        self.wait_for_view()

    def wait_for_view(self) -> None:
        """Wait until the view and what it reads are there."""
        expect(self.page.locator(".o_view_controller .o_content")).to_be_visible()
        expect(self.page.locator(".o_loading_indicator")).to_have_count(0)

    def open_menu(self, *labels: str) -> None:
        """Click through the menu of the current app."""
        for label in labels:
            self.page.locator(
                ".o_menu_sections button, .o_menu_sections a, .o-dropdown--menu a"
            ).filter(has_text=re.compile(f"^{label}$")).click()
        self.wait_for_view()

    def stat_button(self, label: str) -> Locator:
        """Return a button of the button box."""
        return self.page.locator(".o-form-buttonbox .oe_stat_button").filter(
            has_text=label
        )

    def search(self, words: str) -> None:
        """Type into the search bar, press Enter."""
        box = self.page.locator(".o_searchview_input")
        box.fill(words)
        box.press("Enter")
        expect(self.page.locator(".o_facet_value", has_text=words)).to_be_visible()

    def field(self, name: str) -> Locator:
        """Return a field of the form or dialog that is in front."""
        return self.page.locator(f".o_field_widget[name={name}]").last

    def fill(self, name: str, value: str) -> None:
        """Type into a field and leave it."""
        box = self.field(name).locator("input, textarea").first
        box.fill(value)
        box.press("Tab")

    def choose(self, name: str, label: str) -> None:
        """Choose from the list of a selection field."""
        self.field(name).locator("input").click()
        self.page.locator(".o_select_menu_item").get_by_text(label).click()

    def tab(self, label: str) -> None:
        """Open a tab of the form."""
        self.page.get_by_role("tab", name=label, exact=True).click()

    def save(self) -> None:
        """Save the form and wait until the server has it."""
        save = self.page.locator(".o_form_button_save")
        save.click()
        expect(save).to_be_hidden()

    def rows(self) -> Locator:
        """Return the rows of the list, or of the dialog in front."""
        return self.page.locator(".o_list_table").last.locator(".o_data_row")

    def cell(self, row: Locator, name: str) -> Locator:
        """Return a cell of a row."""
        return row.locator(f"td[name={name}]")

    def dialog(self) -> Locator:
        """Return the dialog in front."""
        return self.page.locator(".modal-dialog").last

    def fill_cell(self, name: str, value: str) -> None:
        """Type into a cell of the row that is being edited."""
        cell = self.cell(self.page.locator(".o_selected_row"), name)
        cell.click()  # as a user does; it also closes the calendar of another cell
        cell.locator("input, textarea").fill(value)

    def breadcrumb(self, label: str) -> None:
        """Go back by the breadcrumbs."""
        self.page.locator(".breadcrumb-item").get_by_text(label, exact=True).click()
        self.wait_for_view()
