"""What `deploy` ships is valid, and fits the service and its own mapping."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.service.admission import WELCOME
from ticketbridge.service.settings import Settings, settings_from
from ticketbridge.service.supervisor import _MORE

DEPLOY = Path(__file__).parents[2] / "deploy"
BASE = DEPLOY / "kubernetes" / "base"
MAPPING = BASE / "mappings" / "acme.yaml"
VARIABLES = {"MENTA_SECRET", "MENTA_SECRET_NEXT", "ACME_TOKEN", "ACME_API"}


def program(name: str, package: str) -> str:
    """The path of a program; without it the test is skipped on a desk, and fails in CI."""
    found = shutil.which(name)
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"{name} is not installed")
    assert found is not None, f"{name} is not installed: apt-get install {package}"
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """What a program prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - found above


def documents(folder: Path) -> Iterator[Any]:
    """Each document of the YAML files of a folder."""
    for file in sorted(folder.glob("*.yaml")):
        yield from yaml.safe_load_all(file.read_text("utf-8"))


def resource(kind: str) -> Any:
    """The one resource of that kind."""
    (found,) = (each for each in documents(BASE) if each["kind"] == kind)
    return found


def require_variables(given: Mapping[str, str]) -> None:
    """What a service is given is known to it: settings, and all variables of its mapping."""
    names = {name.removesuffix("_FILE") for name in given}
    settings = {name for name in names if name.startswith("TICKETBRIDGE_")}
    assert settings <= Settings().as_environment().keys()
    assert names - settings == VARIABLES
    settings_from({name: given[name] for name in settings & given.keys()})


def container() -> Any:
    """The one container of the Deployment."""
    (found,) = resource("Deployment")["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize(
    "manifest",
    [each for each in documents(BASE) if each["kind"] != "Kustomization"]
    + [yaml.safe_load((BASE.parent / "secret.example.yaml").read_text("utf-8"))],
    ids=lambda manifest: manifest["kind"],
)
def test_a_manifest_is_valid(manifest: Any) -> None:
    """Each resource has the keys and types of Kubernetes' own schema, and no others."""
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("folder", ["base", "monitoring"])
def test_kustomize_builds_it(folder: str) -> None:
    """`kubectl kustomize` puts the resources together, with the mapping in the ConfigMap."""
    built = run(program("kubectl", "kubernetes-client"), "kustomize", str(BASE.parent / folder))

    assert built.returncode == 0, built.stderr
    kinds = {each["kind"]: each for each in yaml.safe_load_all(built.stdout)}
    expected = {"ServiceMonitor"} if folder == "monitoring" else {"ConfigMap", "Deployment"}
    assert expected <= kinds.keys()
    if folder == "base":
        assert kinds["ConfigMap"]["data"] == {"acme.yaml": MAPPING.read_text("utf-8")}
        assert kinds["ConfigMap"]["metadata"]["name"] == "ticketbridge-mappings"


def test_the_pod_has_what_its_mapping_needs() -> None:
    """Each variable of the mapping comes from a file of the Secret or is in clear; settings are known."""
    given = {each["name"]: each["value"] for each in container()["env"]}
    secret = yaml.safe_load((BASE.parent / "secret.example.yaml").read_text("utf-8"))
    (mounted,) = (each for each in container()["volumeMounts"] if each["name"] == "secrets")
    (volume,) = (
        each
        for each in resource("Deployment")["spec"]["template"]["spec"]["volumes"]
        if each["name"] == "secrets"
    )

    require_variables(given)
    spec = load_mapping(
        MAPPING,
        environment=Environment(
            dict.fromkeys(VARIABLES, "https://a.example/a-long-and-random-text")
        ),
    )
    assert spec.warnings == ()
    files = {Path(value) for name, value in given.items() if name.endswith("_FILE")}
    assert {file.name for file in files} == secret["stringData"].keys()
    assert {str(file.parent) for file in files} == {mounted["mountPath"]}
    assert volume["secret"]["secretName"] == secret["metadata"]["name"]


def test_a_secret_can_be_changed_while_it_serves(tmp_path: Path) -> None:
    """The file of the next secret is there from the start, and empty; its text passes too once it has one."""
    file = tmp_path / "menta-secret-next"
    given = dict.fromkeys(VARIABLES - {"MENTA_SECRET_NEXT"}, "https://a.example/a-long-text")
    environment = Environment({**given, "MENTA_SECRET_NEXT_FILE": str(file)})
    passing = []
    for content in ("", "another-long-and-random-text\n"):
        file.write_text(content)
        spec = load_mapping(MAPPING, environment=environment)
        passing.append(len(spec.endpoint.access.secrets))

    assert passing == [1, 2]


def test_ports_fit_together() -> None:
    """Probes, Service, NetworkPolicy and ServiceMonitor name ports that the container has."""
    ports = {each["name"]: each["containerPort"] for each in container()["ports"]}
    monitor = yaml.safe_load(
        (BASE.parent / "monitoring" / "servicemonitor.yaml").read_text("utf-8")
    )
    probes = [
        container()[f"{kind}Probe"]["httpGet"] for kind in ("readiness", "liveness", "startup")
    ]
    service = {each["name"]: each["targetPort"] for each in resource("Service")["spec"]["ports"]}
    policy = resource("NetworkPolicy")["spec"]["ingress"]

    assert ports == {"http": Settings().port, "metrics": 9464}
    assert {probe["port"] for probe in probes} <= ports.keys()
    assert {probe["path"] for probe in probes} == {"/healthz", "/readyz"}
    assert set(service.values()) == ports.keys()
    assert {port["port"] for rule in policy for port in rule["ports"]} == ports.keys()
    assert {each["port"] for each in monitor["spec"]["endpoints"]} <= service.keys()


def test_the_pod_may_do_little() -> None:
    """No root, no writing, no capability, no token of the cluster; it ends after its running answers."""
    pod = resource("Deployment")["spec"]["template"]["spec"]

    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False


def test_the_pod_serves_until_nobody_sends_it_pulls() -> None:
    """It sleeps for longer than it takes to see that it goes, and has time for its answers after that."""
    deployment = resource("Deployment")["spec"]
    sleep, seconds = container()["lifecycle"]["preStop"]["exec"]["command"]

    assert sleep == "sleep"
    assert int(seconds) > container()["readinessProbe"]["periodSeconds"]
    given = deployment["template"]["spec"]["terminationGracePeriodSeconds"]
    assert given >= int(seconds) + Settings().grace + _MORE


def test_the_autoscaler_alone_sets_the_number_of_pods() -> None:
    """A number in the Deployment would take pods away at each apply."""
    assert "replicas" not in resource("Deployment")["spec"]
    assert resource("HorizontalPodAutoscaler")["spec"]["minReplicas"] == 2


def test_the_unit_is_valid(tmp_path: Path) -> None:
    """systemd finds no fault with the unit, and it gives what the mapping needs."""
    text = (DEPLOY / "systemd" / "ticketbridge.service").read_text("utf-8")
    unit = tmp_path / "ticketbridge.service"
    unit.write_text(text.replace("/opt/ticketbridge/bin/ticketbridge", sys.executable), "utf-8")

    found = run(program("systemd-analyze", "systemd"), "verify", "--man=no", str(unit))

    assert (found.returncode, found.stderr) == (0, "")
    require_variables(dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE)))
    assert "\nRestart=always\n" in text  # `on-failure` takes an end by SIGHUP for a clean one
    loaded = re.findall(r"^LoadCredential=([\w-]+):", text, re.MULTILINE)
    assert re.findall(r"_FILE=%d/([\w-]+)$", text, re.MULTILINE) == loaded


def test_compose_fits_the_demo() -> None:
    """Each mounted file is there, and the service is given what the demo's mapping needs."""
    file = DEPLOY / "compose" / "compose.yaml"
    services = yaml.safe_load(file.read_text("utf-8"))["services"]
    given = services["ticketbridge"]["environment"]
    demo = Path(__file__).parents[2] / "mappings" / "demo.yaml"

    for service in services.values():
        for volume in service.get("volumes", ()):
            assert (file.parent / volume.split(":")[0]).exists(), volume
    variables = {name: value for name, value in given.items() if name.startswith("DEMO_")}
    warnings = load_mapping(demo, environment=Environment(variables)).warnings
    assert [warning.code for warning in warnings] == ["TB054"]  # plain http, on this machine alone
    assert given["DEMO_TOKEN"] == services["platform"]["environment"]["DEMO_TOKEN"]
    compile("\n".join(services["platform"]["command"]), "platform", "exec")


def test_envoy_sends_all_to_the_bridge() -> None:
    """Envoy's file is YAML whose route leads to its cluster, and it replaces what a caller says."""
    config = yaml.safe_load((DEPLOY / "envoy" / "envoy.yaml").read_text("utf-8"))
    (listener,) = config["static_resources"]["listeners"]
    (cluster,) = config["static_resources"]["clusters"]
    (chain,) = listener["filter_chains"]
    rbac, manager = (each["typed_config"] for each in chain["filters"])
    (host,) = manager["route_config"]["virtual_hosts"]

    assert rbac["rules"]["action"] == "ALLOW"
    assert manager["use_remote_address"] is True
    assert "x-forwarded-for" in host["request_headers_to_remove"]
    assert [route["route"]["cluster"] for route in host["routes"]] == [cluster["name"]]
    (check,) = cluster["health_checks"]
    assert float(check["interval"].removesuffix("s")) < WELCOME
    (http,) = cluster["typed_extension_protocol_options"].values()
    idle = http["common_http_protocol_options"]["idle_timeout"]
    assert float(idle.removesuffix("s")) < Settings().keep_alive
