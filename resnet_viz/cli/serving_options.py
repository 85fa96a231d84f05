"""From the options of ``app`` to how it is served, and what the terminal says about it."""

import re
import secrets
import socket
from collections.abc import Iterator, Sequence

from resnet_viz.core.errors import OptionError
from resnet_viz.core.text import Text
from resnet_viz.ui.frame.serving import Audience, Serving

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.*-]+(:\d{1,5})?")
_SHORTEST = 4  # characters of a code


def serving_of(
    *,
    alone: bool,
    shared: bool,
    class_code: str,
    teacher_key: str,
    hosts: Sequence[str],
    frames: Sequence[str],
) -> Serving:
    """Return how the app is served.

    Raises ``OptionError`` for a name, an origin or a code that cannot be one.
    """
    names = [name.strip().rstrip(".").lower() for name in hosts]
    for name in names:
        if not _NAME.fullmatch(name):
            raise OptionError("app_host_name", name=name[:80])
    for origin in frames:
        if not _ORIGIN.fullmatch(origin):
            raise OptionError("app_frame", origin=origin[:80])
    if class_code and not _SHORTEST <= len(class_code) <= 100:
        raise OptionError("app_code", least=_SHORTEST)
    if alone:
        return Serving(hosts=tuple(names), frames=tuple(frames))
    own = socket.gethostname().lower()
    return Serving(
        audience=Audience.SHARED if shared else Audience.CLASS,
        hosts=(*names, own, f"{own.partition('.')[0]}.local"),
        frames=tuple(frames),
        class_code=class_code,
        teacher_key=teacher_key or secrets.token_urlsafe(12),
    )


def announced(serving: Serving, host: str, port: int) -> Iterator[str]:
    """Yield what the person who starts the app must know: who can come in and see what."""
    if serving.audience is Audience.ALONE:
        return
    text = Text("en")
    shown = _own_address() if host in ("0.0.0.0", "::") else host
    yield text("serve.address", address=f"http://{shown}:{port}")
    yield text("serve.who_code" if serving.class_code else "serve.who_open")
    yield text(f"serve.sees_{serving.audience}")
    yield text("serve.teacher", address=f"http://{shown}:{port}/?teacher={serving.teacher_key}")


def _own_address() -> str:
    """The address that the network knows this machine by; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # reserved for documentation: only the route is looked up
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
