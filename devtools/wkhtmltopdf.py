"""A stand-in for the patched wkhtmltopdf, rendering with Chromium.

Odoo prints PDF reports with a wkhtmltopdf that distributions do not carry (theirs
drops headers, footers and page numbers). For development and tests this program
takes the same command line: each body is printed, then its header and footer,
with page numbers filled in, are laid over its pages. Production uses the real
wkhtmltopdf.
"""

import copy
import io
import sys
from dataclasses import dataclass, field
from pathlib import Path

import lxml.html
from playwright.sync_api import BrowserContext, sync_playwright

try:
    from PyPDF2 import PdfReader, PdfWriter
except ImportError:
    from pypdf import PdfReader, PdfWriter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from devtools import machine

#: Odoo's report style sheets expect wkhtmltopdf's "smart shrinking".
SCALE = 0.76
SIZES = {
    "A3": (297, 420),
    "A4": (210, 297),
    "A5": (148, 210),
    "Legal": (215.9, 355.6),
    "Letter": (215.9, 279.4),
}
#: Options that take one value.
VALUED = {
    "--cookie-jar",
    "--dpi",
    "--footer-html",
    "--header-html",
    "--header-spacing",
    "--javascript-delay",
    "--margin-bottom",
    "--margin-left",
    "--margin-right",
    "--margin-top",
    "--orientation",
    "--page-height",
    "--page-size",
    "--page-width",
    "--viewport-size",
    "--zoom",
}
WIDE_BODY = "<style>body.o_body_pdf{max-width:none!important}</style></head>"
NO_MARGIN = dict.fromkeys(("top", "bottom", "left", "right"), "0")
OVERLAY = """<!DOCTYPE html><html><head><meta charset="utf-8">{head}<style>
body {{margin: 0 !important; padding: 0 !important; background: none !important}}
section {{position: relative; width: {width}mm; height: {height}mm; overflow: hidden;
          break-after: page}}
section > div {{position: absolute; left: {left}mm; right: {right}mm}}
</style></head><body>{sections}</body></html>"""
SECTION = (
    '<section><div class="{css}" style="top: 2mm">{header}</div>'
    '<div class="{css}" style="bottom: 2mm">{footer}</div></section>'
)


@dataclass
class Job:
    """One command line, taken apart."""

    options: dict[str, str] = field(default_factory=dict)
    cookies: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    output: str = ""

    def length(self, name: str) -> float:
        """Return an option in millimetres."""
        return float(self.options.get(name, "0").removesuffix("mm"))

    def margins(self) -> dict[str, float]:
        """Return the four margins in millimetres."""
        return {side: self.length(f"--margin-{side}") for side in NO_MARGIN}

    def size(self) -> tuple[float, float]:
        """Return the paper's width and height in millimetres."""
        if "--page-width" in self.options:
            width, height = self.length("--page-width"), self.length("--page-height")
        else:
            width, height = SIZES.get(self.options.get("--page-size"), SIZES["A4"])
        if self.options.get("--orientation", "").lower() == "landscape":
            return height, width
        return width, height


def parse(arguments: list[str]) -> Job:
    """Take a wkhtmltopdf command line apart."""
    job, files, rest = Job(), [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--cookie":
            job.cookies.append((rest.pop(0), rest.pop(0)))
        elif word in VALUED:
            job.options[word] = rest.pop(0)
        elif not word.startswith("--"):
            files.append(word)
    *job.bodies, job.output = files
    jar = job.options.get("--cookie-jar")
    pair = Path(jar).read_text().split(";")[0] if jar else ""
    if "=" in pair:
        job.cookies.append(tuple(pair.strip().split("=", 1)))
    return job


@dataclass
class Layout:
    """The headers or footers of all bodies, and the style sheets they need."""

    nodes: list
    head: str = ""
    css: str = ""


def _layout(path: str | None, identifier: str) -> Layout:
    if not path:
        return Layout([])
    parser = lxml.html.HTMLParser(encoding="utf-8")
    page = lxml.html.parse(path, parser).getroot()
    box = page.get_element_by_id(identifier, None)
    for script in page.xpath("//head//script"):
        script.getparent().remove(script)
    head = "".join(lxml.html.tostring(n, encoding="unicode") for n in page.find("head"))
    words = page.find("body").get("class", "").split()
    css = " ".join(word for word in words if word.startswith("o_"))
    return Layout(list(box) if box is not None else [], head, css)


def _filled(node, page: int, pages: int) -> str:
    """Return a header or footer with the page numbers written in."""
    if node is None:
        return ""
    result = copy.deepcopy(node)
    for name, value in (("page", page), ("topage", pages)):
        query = f"descendant-or-self::*[contains(concat(' ', @class, ' '), ' {name} ')]"
        for element in result.xpath(query):
            if not len(element):
                element.text = str(value)
    return lxml.html.tostring(result, encoding="unicode")


class Printer:
    """Prints the bodies of a job with Chromium."""

    def __init__(self, job: Job, context: BrowserContext):
        self.job = job
        self.context = context
        options = job.options
        self.headers = _layout(
            options.get("--header-html"), "minimal_layout_report_headers"
        )
        self.footers = _layout(
            options.get("--footer-html"), "minimal_layout_report_footers"
        )

    def _print(self, html: str, base: str, margin: dict[str, str]) -> PdfReader:
        """Print a page as if it came from Odoo, so that session cookies are sent."""
        width, height = self.job.size()
        if self.job.cookies:
            self.context.add_cookies(
                [{"name": n, "value": v, "url": base} for n, v in self.job.cookies]
            )
        address = base.rstrip("/") + "/__print__.html"
        page = self.context.new_page()
        html_type = "text/html; charset=utf-8"
        page.route(address, lambda r: r.fulfill(content_type=html_type, body=html))
        page.goto(address, wait_until="networkidle")
        pdf = page.pdf(
            width=f"{width}mm",
            height=f"{height}mm",
            print_background=True,
            scale=SCALE,
            margin=margin,
        )
        page.close()
        return PdfReader(io.BytesIO(pdf))

    def _overlay(self, index: int, pages: int) -> str:
        """Return a document with the header and footer of each page."""
        header, footer = (
            layout.nodes[index] if index < len(layout.nodes) else None
            for layout in (self.headers, self.footers)
        )
        if header is None and footer is None:
            return ""
        width, height = (side / SCALE for side in self.job.size())
        margins = {k: v / SCALE for k, v in self.job.margins().items()}
        css = self.headers.css or self.footers.css
        sections = [
            SECTION.format(
                css=css,
                header=_filled(header, page, pages),
                footer=_filled(footer, page, pages),
            )
            for page in range(1, pages + 1)
        ]
        return OVERLAY.format(
            head=self.headers.head or self.footers.head,
            width=width,
            height=height - 0.4,
            left=margins["left"],
            right=margins["right"],
            sections="".join(sections),
        )

    def print_body(self, index: int) -> list:
        """Return the finished pages of one body."""
        source = Path(self.job.bodies[index]).read_text(encoding="utf-8")
        parser = lxml.html.HTMLParser(encoding="utf-8")
        base = lxml.html.fromstring(source.encode(), parser=parser).find(".//base")
        address = (base.get("href") if base is not None else "") or "http://localhost"
        margins = {side: f"{mm}mm" for side, mm in self.job.margins().items()}
        body = self._print(source.replace("</head>", WIDE_BODY, 1), address, margins)
        pages = list(body.pages)
        overlay = self._overlay(index, len(pages))
        if overlay:
            layer = self._print(overlay, address, NO_MARGIN)
            for page, above in zip(pages, layer.pages, strict=False):
                page.merge_page(above)
        return pages


def main(arguments: list[str]) -> int:
    """Render as wkhtmltopdf would."""
    if "--version" in arguments:
        sys.stdout.write("wkhtmltopdf 0.12.6 (with patched qt)\n")
        return 0
    job = parse(arguments)
    chromium = machine.find_chromium()
    if not chromium:
        sys.stderr.write(f"{machine.MISSING}\n")
        return 1
    writer = PdfWriter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=list(machine.FLAGS)
        )
        printer = Printer(job, browser.new_context())
        for index in range(len(job.bodies)):
            for page in printer.print_body(index):
                writer.add_page(page)
        browser.close()
    with open(job.output, "wb") as output:
        writer.write(output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
