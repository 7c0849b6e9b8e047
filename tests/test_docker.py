"""The files for Docker: what can be checked without an engine."""

import ast
import configparser
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from devtools import project

DOCKER = project.REPO / "docker"
STRINGS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
HEALTH = {
    "type": "object",
    "required": ["test", "interval", "timeout", "retries"],
    "additionalProperties": False,
    "properties": {
        "test": STRINGS,
        "interval": {"type": "string", "pattern": r"^\d+[sm]$"},
        "timeout": {"type": "string", "pattern": r"^\d+[sm]$"},
        "start_period": {"type": "string", "pattern": r"^\d+[sm]$"},
        "retries": {"type": "integer", "minimum": 1},
    },
}
SERVICE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["restart", "environment", "secrets", "volumes", "healthcheck"],
    "oneOf": [{"required": ["image"]}, {"required": ["build"]}],
    "properties": {
        "image": {"type": "string", "pattern": r"^[a-z]+:[\w.]+$"},
        "build": {
            "type": "object",
            "additionalProperties": False,
            "required": ["context", "dockerfile"],
            "properties": {
                "context": {"type": "string"},
                "dockerfile": {"type": "string"},
            },
        },
        "command": STRINGS,
        "depends_on": {"type": "object"},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "healthcheck": HEALTH,
        "ports": STRINGS,
        "restart": {"enum": ["unless-stopped", "always"]},
        "secrets": STRINGS,
        "volumes": STRINGS,
    },
}
COMPOSE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "services", "volumes", "secrets"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {"type": "object", "additionalProperties": SERVICE},
        "volumes": {"type": "object"},
        "secrets": {
            "type": "object",
            "additionalProperties": {"type": "object", "required": ["file"]},
        },
    },
}


@pytest.fixture(scope="module")
def compose() -> dict:
    """Give the parsed compose file."""
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def manifests() -> dict[str, dict]:
    """Return the manifests of all add-ons."""
    return {
        name: ast.literal_eval((project.REPO / name / "__manifest__.py").read_text())
        for name in project.addons()
    }


def words(text: str) -> list[str]:
    """Return the lines that are not comments."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_compose_has_only_known_keys(compose):
    jsonschema.validate(compose, COMPOSE)


def test_what_services_use_is_declared(compose):
    for name, service in compose["services"].items():
        assert set(service["secrets"]) <= set(compose["secrets"]), name
        sources = {volume.split(":")[0] for volume in service["volumes"]}
        assert sources <= set(compose["volumes"]), name
        for other, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}
            assert "healthcheck" in compose["services"][other]


def test_official_images(compose):
    assert compose["services"]["db"]["image"].startswith("postgres:")
    build = compose["services"]["odoo"]["build"]
    dockerfile = (DOCKER / build["context"] / build["dockerfile"]).resolve()
    assert f"FROM odoo:{project.ODOO_SERIES}" in dockerfile.read_text().splitlines()


def test_password_is_one_secret_file(compose):
    secret = "/run/secrets/db_password"
    database, odoo = (compose["services"][name] for name in ("db", "odoo"))
    assert database["environment"]["POSTGRES_PASSWORD_FILE"] == secret
    assert odoo["environment"]["PASSWORD_FILE"] == secret
    assert odoo["environment"]["USER"] == database["environment"]["POSTGRES_USER"]
    assert odoo["environment"]["HOST"] in compose["services"]
    assert "/docker/secrets/" in (project.REPO / ".gitignore").read_text().splitlines()


def test_port_is_local(compose):
    assert compose["services"]["odoo"]["ports"] == ["127.0.0.1:8069:8069"]


def test_dockerfile_copies_what_exists():
    text = (DOCKER / "Dockerfile").read_text()
    sources = re.findall(r"^COPY (?:--\S+ )*(\S+) \S+$", text, re.MULTILINE)
    assert sources
    for source in sources:
        assert (project.REPO / source).exists(), source


def test_image_holds_every_addon():
    kept = words((DOCKER / "Dockerfile.dockerignore").read_text())
    names = {line[1:] for line in kept if line.startswith("!") and "/" not in line}
    assert names == set(project.addons())


def test_installed_addons_exist(compose):
    command = compose["services"]["odoo"]["command"]
    names = command[command.index("-i") + 1].split(",")
    assert set(names) <= set(project.addons())


def test_requirements_equal_external_dependencies():
    # The SDK for automatic collection is in the image from the start.
    wanted = {"stripe"} | {
        name
        for manifest in manifests().values()
        for name in manifest.get("external_dependencies", {}).get("python", [])
    }
    lines = words((DOCKER / "requirements.txt").read_text())
    pinned = words((Path(project.__file__).parent / "requirements.txt").read_text())
    assert {re.split(r"[=<>]", line)[0] for line in lines} == wanted
    assert set(lines) <= set(pinned)


def test_configuration():
    parser = configparser.ConfigParser(inline_comment_prefixes=None)
    parser.read(DOCKER / "odoo.conf")
    options = parser["options"]
    text = (DOCKER / "Dockerfile").read_text()
    assert f" {options['addons_path']}\n" in text
    assert options["list_db"] == "False"
    assert options["dbfilter"] == f"^{options['db_name']}$"
    assert not {"db_password", "admin_passwd"} & set(options)
