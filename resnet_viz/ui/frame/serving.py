"""How the app is served: to whom, under which names, and how much each visitor may use.

The command ``app`` passes this to its server in an environment variable. Without one, the app is
served to the person at this machine, as `streamlit run app.py` does.
"""

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

from resnet_viz.core.converter import decode, encode
from resnet_viz.core.saving import to_json

VARIABLE = "RESNET_VIZ_SERVING"

#: Cookies that only the server reads: who somebody is, that they know the code, or the key.
OWNER_COOKIE, CODE_COOKIE, TEACHER_COOKIE = (
    "resnet_viz_owner", "resnet_viz_code", "resnet_viz_teacher",
)  # fmt: skip


class Audience(StrEnum):
    """Who is served."""

    ALONE = "alone"  # one person: everything on this machine is theirs
    SHARED = "shared"  # several people who see and change everything of each other
    CLASS = "class"  # several people, each with runs and uploads of their own


@dataclass(frozen=True)
class Quotas:
    """How much one visitor of a class may use. The teacher may use more."""

    active_runs: int = 3  # queued or running
    kept_runs: int = 30
    epochs: int = 200  # of one training
    upload_bytes: int = 1_000_000_000
    analysis_seconds: int = 300  # of computing for pages, in ten minutes


@dataclass(frozen=True)
class Serving:
    """How the app is served.

    Parameters
    ----------
    audience
        Who is served.
    hosts
        Names by which browsers may call the server, besides localhost and addresses in digits.
    frames
        Origins whose pages may show the app in a frame, such as a learning management system.
    class_code
        What a visitor types once; empty for none.
    teacher_key
        Opens everything of everybody, in the address ``/?teacher=KEY``; empty for nobody.
    quotas
        How much each visitor of a class may use.

    """

    audience: Audience = Audience.ALONE
    hosts: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    class_code: str = ""
    teacher_key: str = ""
    quotas: Quotas = Quotas()

    @property
    def apart(self) -> bool:
        """Whether visitors see only what is theirs."""
        return self.audience is Audience.CLASS

    def variable(self) -> dict[str, str]:
        """Return the environment variable that tells a server all this."""
        return {VARIABLE: to_json(encode(self), indent=None)}


#: One person at this machine.
ALONE = Serving()


def serving() -> Serving:
    """Return how this process serves the app."""
    return _read(os.environ.get(VARIABLE, ""))


@lru_cache(maxsize=8)
def _read(text: str) -> Serving:
    return decode(Serving, json.loads(text)) if text else ALONE


def mark(secret: str, purpose: str) -> str:
    """Return what stands for a secret in a cookie or a record, from which nobody can tell it."""
    return blake2b(secret.encode(), digest_size=16, person=purpose.encode()[:16]).hexdigest()
