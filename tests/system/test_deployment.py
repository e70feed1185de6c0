"""Deployment files: each is validated by the program that reads it, and docker-compose.yml has the required limits."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings.http import HttpSettings
from app.settings.loading import load_settings, settings_class
from tests.support.programs import program
from tests.support.redis import running_redis
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
# These services run once; others start after they have exited.
ONE_SHOT = {"migrate", "own-volumes"}
# The worker has no port; fluent-bit's image has no program for a health check.
WITHOUT_HEALTH_CHECK = {"worker", "fluent-bit"}
IMAGE = re.compile(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.]+)?")

Service = dict[str, Any]


def run(*command: str | Path, **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


SERVICES: dict[str, Service] = compose()["services"]
by_service = pytest.mark.parametrize("name", SERVICES)


def bind_mounts() -> Iterator[tuple[str, str]]:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source, _, target = volume.partition(":")
            if source.startswith("./"):
                yield source, target


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compose") / "compose.env"
    run("make", "-o", ".venv/.installed", "compose-env", f"COMPOSE_ENV={path}")
    return path


def variables(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def test_the_compose_file_is_valid() -> None:
    run(SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")


def test_prometheus_accepts_its_configuration() -> None:
    run(program("promtool"), "check", "config", "grafana/prometheus/prometheus.yml")


def test_prometheus_scrapes_the_api_and_the_worker() -> None:
    jobs = yaml.safe_load((ROOT / "grafana/prometheus/prometheus.yml").read_text())["scrape_configs"]
    scraped = {(source["names"][0], source["port"]) for job in jobs for source in job["dns_sd_configs"]}
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    worker = int(services["worker"]["environment"]["STRATA_WORKER__METRICS_PORT"])
    assert scraped == {("api", 8000), ("worker", worker)}
    assert all("telemetry" in services[name]["networks"] for name in ("api", "worker", "prometheus"))


def test_alertmanager_accepts_its_configuration() -> None:
    run(program("amtool"), "check-config", "grafana/alertmanager/alertmanager.yml")


@pytest.mark.parametrize(("severity", "receiver"), [("page", "pager"), ("ticket", "tickets")])
def test_alerts_are_routed_by_severity(severity: str, receiver: str) -> None:
    file = "--config.file=grafana/alertmanager/alertmanager.yml"
    printed = run(program("amtool"), "config", "routes", "test", file, "alertname=TargetDown", f"severity={severity}")
    assert printed.split()[0] == receiver


def test_caddy_accepts_its_configuration(secrets: Path, tmp_path: Path) -> None:
    caddyfile = "grafana/caddy/Caddyfile"
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    printed = run(
        SCRIPTS / "caddy", "validate", "--adapter", "caddyfile", "--config", caddyfile, **home, **variables(secrets)
    )
    assert "Valid configuration" in printed
    run(SCRIPTS / "caddy", "fmt", "--diff", caddyfile)


def test_the_dockerfile_passes_the_linter() -> None:
    run(SCRIPTS / "hadolint", "--failure-threshold", "info", "Dockerfile")


@pytest.mark.parametrize("path", sorted((ROOT / "grafana").rglob("*.y*ml")), ids=lambda path: path.name)
def test_yaml_files_can_be_parsed(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text()), dict)


def test_every_secret_is_required(secrets: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    found = {match[1]: match[2] for match in VARIABLE.finditer(text)}
    optional = {name for name, kind in found.items() if kind == "-"}
    assert optional == {"STRATA_IMAGE", "STRATA_WORKERS"}, "no secret has a default"
    assert set(found) - optional == set(variables(secrets)), "compose.env sets exactly the required variables"
    assert None not in found.values(), "a required variable has an error message"


def test_the_generated_secrets_are_accepted_in_production(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = variables(secrets)
    assert secrets.stat().st_mode & 0o077 == 0
    assert len(set(given.values())) == len(given)
    for name, value in SERVICES["api"]["environment"].items():
        if value is not None:
            monkeypatch.setenv(name, VARIABLE.sub(lambda match: given[match[1]], value))
    settings = load_settings(_env_file=None)
    assert settings.production
    assert settings[HttpSettings].base_url == "https://localhost"


@pytest.mark.parametrize("name", ["api", "worker", "migrate"])
def test_the_keys_of_a_rotation_are_passed_on_when_they_are_set(name: str) -> None:
    """An empty value would be a weak secret. A name without a value is left out unless the variable is set."""
    passed = {variable for variable, value in SERVICES[name]["environment"].items() if value is None}
    assert passed == {"STRATA_AUTH__NEXT_SIGNING_KEY", "STRATA_AUTH__PREVIOUS_SIGNING_KEYS"}


@pytest.mark.parametrize("name", ["api", "worker", "migrate"])
def test_the_settings_of_a_service_exist(name: str) -> None:
    for variable in SERVICES[name]["environment"]:
        group: Any = settings_class()
        for step in variable.removeprefix("STRATA_").lower().split("__"):
            assert step in group.model_fields, variable
            group = group.model_fields[step].annotation


def test_redis_accepts_its_configuration(secrets: Path, tmp_path: Path) -> None:
    given = variables(secrets)
    content = VARIABLE.sub(lambda match: given[match[1]], compose()["configs"]["redis"]["content"])
    password = given["REDIS_PASSWORD"]
    with running_redis(tmp_path / "redis", content) as redis:
        assert redis.send("PING")[0] == "-NOAUTH Authentication required."
        assert redis.send(f"AUTH {password}", "PING")[:2] == ["+OK", "+PONG"]
        assert "volatile-ttl" in redis.send(f"AUTH {password}", "CONFIG GET maxmemory-policy")


def test_existing_secrets_are_not_overwritten(secrets: Path) -> None:
    before = secrets.read_text()
    arguments = ["make", "-o", ".venv/.installed", "compose-env", f"COMPOSE_ENV={secrets}"]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode != 0
    assert "in use" in done.stdout
    assert secrets.read_text() == before


@by_service
def test_a_service_has_limits_and_no_privileges(name: str) -> None:
    service = SERVICES[name]
    assert IMAGE.fullmatch(VARIABLE.sub(r"\3", service["image"])), "the version must be pinned"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= set(limits)
    assert service["logging"]["options"], "the size of logs is limited"
    user = service["user"].partition(":")[0]
    # own-volumes runs as root to change the owner of volumes: once, without a network, with that one capability.
    assert int(user) > 0 or (name == "own-volumes" and service["network_mode"] == "none")
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")


@by_service
def test_a_service_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT | WITHOUT_HEALTH_CHECK:
        assert service["healthcheck"] == {"disable": True}
    elif name == "api":
        assert "/health/ready" in (ROOT / "Dockerfile").read_text().partition("HEALTHCHECK")[2]
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
    for other, wanted in service.get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        assert wanted == {"condition": expected}
        assert other not in WITHOUT_HEALTH_CHECK


def test_only_caddy_has_public_ports() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"caddy", "fluent-bit"}
    assert all(port.startswith("127.0.0.1:") for port in published["fluent-bit"])
    assert "443:8443/udp" in published["caddy"], "HTTP/3"
    networks = compose()["networks"]
    assert networks["data"]["internal"]
    assert networks["files"]["internal"]
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["data"]
    assert SERVICES["s3"]["networks"] == ["data", "files"]
    assert {name for name in SERVICES if "files" in SERVICES[name].get("networks", ())} == {"caddy", "s3"}


def test_only_logs_without_secrets_are_shipped() -> None:
    """``test_log_secrets.py`` and ``test_proxy_log_secrets.py`` search the logs of these services for secrets."""
    shipped = {name for name, service in SERVICES.items() if service["logging"]["driver"] == "fluentd"}
    assert shipped == {"api", "worker", "caddy"}
    assert all(SERVICES[name]["logging"]["options"]["tag"] == name for name in shipped)
    pipeline = yaml.safe_load((ROOT / "grafana/fluent-bit/fluent-bit.yaml").read_text())["pipeline"]
    assert {output["match"] for output in pipeline["outputs"]} == shipped


def test_mounted_files_exist() -> None:
    mounts = list(bind_mounts())
    assert len(mounts) > 6
    for source, target in mounts:
        assert (ROOT / source).exists(), source
        assert target.endswith(":ro"), f"{source} is mounted read-only"


def test_named_volumes_are_declared_and_used() -> None:
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if not volume.startswith("./")
    }
    assert used == set(compose()["volumes"])


def test_configurations_refer_to_existing_services() -> None:
    addresses = re.compile(
        r"(?:https?://|host: |smarthost: |targets: \[\"|reverse_proxy |\bname )([a-z][\w-]*)(?::\d+)?$", re.MULTILINE
    )
    texts = {
        path: path.read_text()
        for path in (ROOT / "grafana").rglob("*")
        if path.suffix in {".yml", ".yaml", ""} and path.is_file()
    }
    named = {found for path, text in texts.items() if "rules" not in path.parts for found in addresses.findall(text)}
    assert {"prometheus", "tempo", "loki", "grafana", "mailpit"} <= named
    assert named - set(SERVICES) <= {"otlp"}


def test_the_image_contains_only_code() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*", "unlisted files are excluded"
    included = {line[1:] for line in ignored if line.startswith("!")}
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    assert {name for names in copied for name in names.split()} == included
    assert all((ROOT / name).exists() for name in included)
