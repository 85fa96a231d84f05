"""How JupyterHub and JupyterLab start the app: an entry point of jupyter-server-proxy."""

import sys


def proxied() -> dict[str, object]:
    """Return the server for jupyter-server-proxy, which fills in ``{port}``.

    Jupyter has checked who asks. The app sees its own name as host, because the hub's would be a
    foreign one.
    """
    return {
        "command": [sys.executable, "-m", "resnet_viz", "app", "--port", "{port}", "--no-browser"],
        "timeout": 120,
        "request_headers_override": {
            "Host": "127.0.0.1:{port}",
            "Origin": "http://127.0.0.1:{port}",
        },
        "launcher_entry": {"title": "resnet_viz"},
    }
