"""What deploy/ holds is what Kubernetes and Docker understand."""

from __future__ import annotations

import json
import shlex
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from icetop.cli.main import cli

DEPLOY = Path(__file__).parents[1] / "deploy"
SCHEMAS = Path(__file__).parent / "schemas"
VERSIONS = ("kubernetes-1.29", "kubernetes-1.37")
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


def complaints(content: object, schema: str, definition: str = "") -> list[str]:
    """What a schema does not allow of this."""
    validators = pytest.importorskip("jsonschema").validators
    found = json.loads((SCHEMAS / f"{schema}.json").read_text())
    if definition:
        found["$ref"] = f"#/$defs/io.k8s.api.{definition}"
    return [error.message for error in validators.validator_for(found)(found).iter_errors(content)]


def of_kubernetes(content: dict[str, Any], version: str) -> list[str]:
    group, _, api = content["apiVersion"].rpartition("/")
    return complaints(content, version, f"{group.partition('.')[0] or 'core'}.{api}.{content['kind']}")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_fit_the_api_s_own_schema(version: str) -> None:
    assert [of_kubernetes(content, version) for content in OBJECTS] == [[]] * len(OBJECTS)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_debug_profile_is_a_part_of_an_ephemeral_container(version: str) -> None:
    profile = yaml.safe_load((DEPLOY / "debug-profile.yaml").read_text())
    assert complaints({"name": "x", **profile}, version, "core.v1.EphemeralContainer") == []


def test_the_compose_file_fits_the_schema_of_the_specification() -> None:
    assert complaints(yaml.safe_load((DEPLOY / "compose.yaml").read_text()), "compose") == []


@pytest.mark.parametrize(
    ("key", "text"),
    [("hostPid", True), ("hostPID", "yes"), ("containers", [{"image": "x"}]), ("tolerations", {"operator": "Exists"})],
)
def test_what_the_api_would_refuse_is_found(key: str, text: object) -> None:
    spoilt = deepcopy(OBJECTS[-1])
    spoilt["spec"]["template"]["spec"][key] = text
    assert of_kubernetes(spoilt, VERSIONS[-1])
    compose = {"services": {"icetop": {**COMPOSE, key: text}}}
    assert complaints(compose, "compose")


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
