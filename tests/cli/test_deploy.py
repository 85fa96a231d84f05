"""Files for containers, Spaces and JupyterHub: what they start exists and means what they say."""

import json
import re
import sys
import tomllib

import pytest

from resnet_viz.cli import app
from resnet_viz.cli.jupyter_proxy import proxied
from tests.source import ROOT

DEPLOY = ROOT / "deploy"


def options():
    command = next(one for one in app.registered_commands if one.name == "app")
    import typer

    return {
        name
        for parameter in typer.main.get_params_from_function(command.callback).values()
        for name in _names(parameter)
    }


def _names(parameter):
    declared = getattr(parameter.default, "param_decls", None) or ()
    return [*declared, "--" + parameter.name.strip("_").replace("_", "-")]


@pytest.mark.parametrize(
    "file", ["Dockerfile", "compose.yaml", "huggingface/README.md"], ids=lambda f: f
)
def test_every_option_that_a_file_passes_exists(file):
    passed = re.findall(r'"(--[a-z-]+)"', (DEPLOY / file).read_text())
    assert passed
    assert {option.replace("--no-", "--") for option in passed} <= options()


def test_the_container_is_no_root_listens_where_it_says_and_is_looked_after():
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert "--uid 1000" in dockerfile
    assert re.search(r"^USER user$", dockerfile, re.M)
    (entry,) = re.findall(r"^ENTRYPOINT (.*)$", dockerfile, re.M)
    command = json.loads(entry)
    assert command[:2] == ["resnet-viz", "app"]
    assert command[command.index("--port") + 1] == re.findall(r"EXPOSE (\d+)", dockerfile)[0]
    assert "/ready" in dockerfile[dockerfile.index("HEALTHCHECK") :]
    assert re.findall(r"RESNET_VIZ_HOME=(\S+)", dockerfile) == re.findall(
        r"VOLUME (\S+)", dockerfile
    )
    copied = re.findall(r"^COPY (?:--\S+ )?(\S+) ", dockerfile, re.M)
    assert all((ROOT / name).exists() for name in copied)


def test_a_space_asks_for_the_port_of_the_container():
    readme = (DEPLOY / "huggingface" / "README.md").read_text()
    assert "sdk: docker" in readme
    assert re.findall(r"app_port: (\d+)", readme) == ["8501"]


def test_jupyter_finds_the_app_and_starts_it_with_its_port():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    entry = project["entry-points"]["jupyter_serverproxy_servers"]["resnet-viz"]
    assert entry == f"{proxied.__module__}:proxied"
    server = proxied()
    command = [part.replace("{port}", "8577") for part in server["command"]]
    assert command[:3] == [sys.executable, "-m", "resnet_viz"]
    assert set(re.findall(r"--[a-z-]+", " ".join(command))) == {"--port", "--no-browser"}
    assert server["request_headers_override"]["Host"].startswith("127.0.0.1:")
