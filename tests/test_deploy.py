"""What deploy/ holds is what Kubernetes and Docker understand."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from icetop.cli.main import cli

DEPLOY = Path(__file__).parents[1] / "deploy"
CLASSES = {
    "Namespace": "V1Namespace",
    "ServiceAccount": "V1ServiceAccount",
    "NetworkPolicy": "V1NetworkPolicy",
    "ClusterRole": "V1ClusterRole",
    "ClusterRoleBinding": "V1ClusterRoleBinding",
    "DaemonSet": "V1DaemonSet",
}
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "daemonset.yaml").read_text()))
CONTAINER = OBJECTS[-1]["spec"]["template"]["spec"]["containers"][0]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["icetop"]


def through_the_api_s_model(content: object, model: str) -> object:
    """What the Kubernetes client makes of it: fields that the API does not know are gone, wrong types are errors."""
    client = pytest.importorskip("kubernetes.client")
    api = client.ApiClient(client.Configuration())
    return api.sanitize_for_serialization(api._ApiClient__deserialize(content, model))


@pytest.mark.parametrize("content", OBJECTS, ids=lambda content: content["kind"])
def test_the_manifests_have_no_field_that_the_api_does_not_know(content: dict[str, Any]) -> None:
    assert through_the_api_s_model(content, CLASSES[content["kind"]]) == content


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_the_manifests_fit_the_api_s_own_schema(version: str) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate: the API's schemas")
    for content in OBJECTS:
        validator.validate(content, version, strict=True)


def test_the_compose_file_fits_the_schema_of_the_specification() -> None:
    schema = os.environ.get("ICETOP_TEST_COMPOSE_SCHEMA")
    if schema is None:
        pytest.skip("ICETOP_TEST_COMPOSE_SCHEMA names no compose-spec.json")
    validator = pytest.importorskip("jsonschema")
    whole = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    validator.validate(whole, json.loads(Path(schema).read_text()))


def test_the_debug_profile_is_a_part_of_a_container() -> None:
    profile = yaml.safe_load((DEPLOY / "debug-profile.yaml").read_text())
    assert through_the_api_s_model({"name": "x", **profile}, "V1Container") == {"name": "x", **profile}


@pytest.mark.parametrize("words", [CONTAINER["args"], COMPOSE["command"]], ids=["daemonset", "compose"])
def test_the_commands_are_icetop_s(words: list[str]) -> None:
    command = cli.commands[words[0]]
    command.make_context(words[0], words[1:], resilient_parsing=False)


def test_samples_of_a_node_say_which_it_is() -> None:
    (node,) = [value for value in CONTAINER["env"] if value["name"] == "NODE_NAME"]
    assert node["valueFrom"]["fieldRef"]["fieldPath"] == "spec.nodeName"
    assert CONTAINER["args"][CONTAINER["args"].index("--label") + 1] == "host=$(NODE_NAME)"


def test_least_rights_and_what_they_cost() -> None:
    rules = [rule for content in OBJECTS for rule in content.get("rules", ())]
    assert rules == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    assert not CONTAINER["securityContext"].get("privileged")
    assert CONTAINER["securityContext"]["capabilities"]["drop"] == COMPOSE["cap_drop"] == ["ALL"]
    assert set(CONTAINER["securityContext"]["capabilities"]["add"]) <= set(COMPOSE["cap_add"])
    assert CONTAINER["resources"] == {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"cpu": "500m", "memory": "512Mi"},
    }


def test_the_image_starts_from_what_is_there() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert all(line.startswith("FROM debian:") for line in lines if line.startswith("FROM"))
    assert shlex.split(lines[-1].removeprefix("ENTRYPOINT "))[0] == "[icetop]"
