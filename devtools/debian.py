"""Packages of the machine's own Debian mirror, fetched without root.

A private apt configuration with its own lists and cache is derived from the
machine's sources, so neither a mirror nor a key is named here.
"""

import os
import shutil
from pathlib import Path

from .steps import Problem, run

#: Packages that Odoo's package links into, by the suite they come from: the
#: machine's own still has Font Awesome 4.7, which newer suites dropped.
OWN_SUITE = (
    "fonts-font-awesome",
    "fonts-inconsolata",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
UNSTABLE = ("odoo-19", "fonts-montserrat", "fonts-ocr-b", "fonts-roboto-unhinted")

#: The file in the unpacked tree that names the packages.
DOWNLOADED = "packages.txt"

APT_CONF = """\
Dir::State "{root}/state";
Dir::State::lists "{root}/lists";
Dir::State::status "/dev/null";
Dir::Cache "{root}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{root}/sources";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::Contents-deb;
"""


def available() -> bool:
    """Tell whether apt and dpkg are there."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))


def _parse_deb822(text: str) -> list[dict[str, str]]:
    """Parse a ``.sources`` file into one dictionary per stanza."""
    stanzas, fields, key = [], {}, None
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                stanzas.append(fields)
            fields, key = {}, None
        elif line[0].isspace() and key:
            fields[key] += "\n" + line
        else:
            key, _sep, value = line.partition(":")
            key = key.strip().title()
            fields[key] = value.strip()
    return stanzas


def _parse_one_line(text: str) -> list[dict[str, str]]:
    """Parse a ``.list`` file: ``deb [signed-by=...] uri suite component ...``."""
    stanzas = []
    for line in text.splitlines():
        words = line.split("#")[0].replace("[", " [ ").replace("]", " ] ").split()
        if not words or words[0] != "deb":
            continue
        options = {}
        if "[" in words and "]" in words:
            start, end = words.index("["), words.index("]")
            options = dict(w.split("=", 1) for w in words[start + 1 : end] if "=" in w)
            words = words[:start] + words[end + 1 :]
        if len(words) < 4:
            continue
        stanza = {"Types": "deb", "Uris": words[1], "Suites": words[2]}
        stanza["Components"] = " ".join(words[3:])
        if "signed-by" in options:
            stanza["Signed-By"] = options["signed-by"]
        stanzas.append(stanza)
    return stanzas


def machine_sources(etc: Path = Path("/etc/apt")) -> list[dict[str, str]]:
    """Return the enabled package sources of the machine, in both formats."""
    stanzas = []
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        parse = _parse_deb822 if path.suffix == ".sources" else _parse_one_line
        stanzas += parse(path.read_text())
    return [
        stanza
        for stanza in stanzas
        if "deb" in stanza.get("Types", "").split()
        and stanza.get("Enabled", "yes").lower() not in ("no", "false")
        and "main" in stanza.get("Components", "").split()
    ]


def _codename() -> str:
    release = Path("/etc/os-release")
    for line in release.read_text().splitlines() if release.exists() else ():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip().strip('"')
    return "unstable"


def private_sources(stanzas: list[dict[str, str]], suite: str) -> str:
    """Write the private source list: the machine's own suite and unstable."""
    for stanza in stanzas:
        if suite in stanza["Suites"].split():
            break
    else:
        raise Problem(f"no package source of this machine offers {suite}/main")
    suites = suite if suite in ("unstable", "sid") else f"{suite} unstable"
    lines = [
        "Types: deb",
        f"URIs: {stanza['Uris']}",
        f"Suites: {suites}",
        "Components: main",
    ]
    if "Signed-By" in stanza:
        lines.append(f"Signed-By: {stanza['Signed-By']}")
    return "\n".join(lines) + "\n"


def private_apt(root: Path) -> tuple[Path, str]:
    """Prepare a private apt configuration below ``root``.

    :return: the configuration file and the name of the machine's own suite
    """
    suite = _codename()
    for name in ("state", "lists/partial", "cache/archives/partial", "sources"):
        (root / name).mkdir(parents=True, exist_ok=True)
    sources = private_sources(machine_sources(), suite)
    (root / "sources" / "private.sources").write_text(sources)
    conf = APT_CONF.format(root=root)
    if os.geteuid() == 0:
        conf += 'APT::Sandbox::User "root";\n'
    (root / "apt.conf").write_text(conf)
    return root / "apt.conf", suite


def fetch_odoo(target: Path, work: Path) -> None:
    """Download Odoo and what its links need, and unpack all into ``target``."""
    conf, suite = private_apt(work)
    run(["apt-get", "-c", conf, "-q", "update"])
    packages = [f"{name}/{suite}" for name in OWN_SUITE]
    packages += [f"{name}/unstable" for name in UNSTABLE]
    downloads = work / "downloads"
    downloads.mkdir(exist_ok=True)
    run(["apt-get", "-c", conf, "-q", "download", *packages], cwd=downloads)
    files = sorted(downloads.glob("*.deb"))
    for package in files:
        run(["dpkg-deb", "-x", package, target])
    (target / DOWNLOADED).write_text("".join(f"{file.name}\n" for file in files))
