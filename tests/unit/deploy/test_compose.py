"""The fleet's files: valid, bounded, pinned, and naming nothing that does not exist."""

import json
import os
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from indexer.cli import COMMANDS
from indexer.publish.messages import ACCEPT_QUEUE
from indexer.records import LANES
from indexer.settings import NOT_SETTINGS, PREFIX, Settings
from tests.house.source import ROOT

Json = dict[str, Any]
OF_OTHERS = ("TOKENIZERS_PARALLELISM",)  # read by a library of the models

COMPOSE: Json = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Json] = COMPOSE["services"]
OURS = ("accept", "offers", "encode-gpu", "encode-cpu", "service", "operator")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def sources(service: Json) -> set[str]:
    return {one if isinstance(one, str) else one["source"] for one in service.get("secrets", ())}


def mounts(service: Json) -> list[tuple[str, str]]:
    return [(parts[0], parts[1]) for one in service.get("volumes", ()) if (parts := one.split(":"))]


def test_docker_compose_takes_the_file() -> None:
    program = shutil.which("docker-compose")
    if program is None:
        missing = "docker-compose is missing (Debian: apt-get install docker-compose)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    for profiles in ([], ["gpu"], ["cpu"], ["gpu", "cpu", "operator"]):
        argv = [program, *(word for profile in profiles for word in ("--profile", profile)), "config", "--services"]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert not re.search(r"WARN|not set", done.stderr), done.stderr
        shown = {
            name
            for name, service in SERVICES.items()
            if set(service.get("profiles", profiles)) & set(profiles) or "profiles" not in service
        }
        assert set(done.stdout.split()) >= shown


@pytest.mark.parametrize("name", SERVICES)
def test_every_part_is_bounded(name: str) -> None:
    service = SERVICES[name]
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()
    assert service["restart"] == ("no" if name == "operator" else "unless-stopped")
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service
    assert service.get("read_only") is True or name == "opensearch"  # it writes its key store beside its configuration
    checked = service["healthcheck"].get("test")
    assert checked or name in ("accept", "operator")
    assert set(service["networks"]) <= COMPOSE["networks"].keys()


def test_the_engines_are_seen_by_the_parts_only() -> None:
    assert COMPOSE["networks"]["engines"]["internal"] is True
    for name in ("opensearch", "valkey", "postgres"):
        assert SERVICES[name]["networks"] == ["engines"]
        assert "ports" not in SERVICES[name]
    assert [port for service in SERVICES.values() for port in service.get("ports", ())] == ["127.0.0.1:8000:8000"]


@pytest.mark.parametrize("image", [*(SERVICES[name]["image"] for name in SERVICES), *re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)])
def test_images_are_pinned_to_a_release(image: str) -> None:
    assert re.fullmatch(r"[a-z0-9/._-]+:\d+\.\d+[\w.-]*", image), image


def test_the_image_is_named_after_this_release() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    assert {SERVICES[name]["image"] for name in OURS} == {f"fusedex:{version[1]}"}


@pytest.mark.parametrize("name", OURS)
def test_every_setting_exists_and_has_a_value_that_it_takes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment: dict[str, str] = SERVICES[name]["environment"]
    known = {
        (field, inner)
        for field, info in Settings.model_fields.items()
        for inner in (getattr(info.annotation, "model_fields", {}) or {"": None})
    }
    for variable, value in environment.items():
        assert isinstance(value, str), variable  # YAML would make other things of them
        if variable in {*NOT_SETTINGS, *OF_OTHERS}:
            continue
        field, _, inner = variable.removeprefix(PREFIX).lower().partition("__")
        assert (field, inner) in known, variable
        monkeypatch.setenv(variable, value)
    settings = Settings.load()
    assert settings.log == "json"
    assert settings.feed.roots == (Path("/feeds"),)


def test_the_dockerfile_sets_nothing_that_does_not_exist() -> None:
    names = set(re.findall(rf"{PREFIX}\w+", DOCKERFILE))
    assert {name.removeprefix(PREFIX).lower() for name in names} <= Settings.model_fields.keys()
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)


def test_every_lane_is_worked_whichever_profile_is_chosen() -> None:
    def lanes(name: str) -> list[str]:
        words = SERVICES[name]["command"]
        return [after for word, after in pairwise(words) if word == "--lane"]

    for encode in ("encode-gpu", "encode-cpu"):
        assert sorted(lanes("accept") + lanes("offers") + lanes(encode)) == sorted([*LANES, ACCEPT_QUEUE])


def test_commands_are_ours() -> None:
    assert {SERVICES[name]["command"][0] for name in OURS} <= COMMANDS.keys()


def test_no_secret_stands_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert "${" not in text  # what is taken from the environment ends up in `docker inspect`
    for service in SERVICES.values():
        told = json.dumps([service.get("command"), service.get("environment"), service.get("healthcheck")])
        # a client's option for a password; the one user without a password is told apart
        assert "://" not in told.replace("https://localhost:9200/_cluster/health", "")
        assert not re.search(r"--requirepass|--password|--pass (?!none)", told)


def test_each_part_has_its_own_secrets_and_no_other() -> None:
    assert sources(SERVICES["service"]) == {"ca.pem", "service.toml"}
    assert sources(SERVICES["accept"]) == {"ca.pem", "accept.toml"}
    for name in ("offers", "encode-gpu", "encode-cpu"):
        assert sources(SERVICES[name]) == {"ca.pem", "worker.toml"}
    used = set[str]().union(*map(sources, SERVICES.values()))
    assert used == COMPOSE["secrets"].keys()
    assert not {"ca.key", "admin.key"} & used


def test_mounted_files_and_volumes_exist() -> None:
    named = COMPOSE["volumes"].keys()
    for service in SERVICES.values():
        for source, target in mounts(service):
            assert target.startswith("/")
            assert source in named or source == "./feeds" or (ROOT / source).exists(), source


def test_what_is_built_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    copied = [word for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]]
    assert set(copied) == {"requirements.lock", "pyproject.toml", "README.md", "indexer", "workers", "mappings"}
    assert not set(copied) & set(ignored)
    assert {".git", "deploy", ".venv"} <= set(ignored)  # secrets and the past stay out of the image
