"""Nothing stands behind a license (BF70)."""

from odoo.modules.module import Manifest

from devtools import project

FREE = {"LGPL-3", "AGPL-3", "GPL-3", "GPL-3 or any later version"}


def with_dependencies(names):
    """Return the manifests of modules and of all that they depend on, by name."""
    found = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = Manifest.for_addon(name)
        assert found[name], f"{name} is not in Odoo Community"
        waiting += found[name]["depends"]
    return found


def test_bf70_free_licenses_all_the_way_down():
    """Our add-ons and every module that they need: free, and there in Community."""
    manifests = with_dependencies(project.addons())
    assert {"prepaid_billing", "sale_timesheet", "base"} <= set(manifests)
    licenses = {name: manifest["license"] for name, manifest in manifests.items()}
    assert {n: li for n, li in licenses.items() if li not in FREE} == {}


def test_bf70_nothing_asks_for_a_key():
    """No add-on is priced, and none asks an app store whether it may run."""
    for name in project.addons():
        manifest = Manifest.for_addon(name)
        assert not manifest.get("price"), name
        assert manifest["license"] in FREE, name
        text = "".join(
            path.read_text()
            for path in (project.REPO / name).rglob("*.py")
            if "tests" not in path.parts
        )
        for word in ("iap.odoo", "iap_jsonrpc", "enterprise_code", "license_key"):
            assert word not in text, f"{name}: {word}"
