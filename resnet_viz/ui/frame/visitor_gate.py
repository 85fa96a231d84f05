"""What stands before the app: which names it answers to, who comes in, and safe headers.

A request passes, in this order: the name that the browser called (against DNS rebinding), the code
of the class, and the teacher's key. Every answer gets the headers; a new browser gets a key of its
own in a cookie that no script can read.
"""

import hmac
import ipaddress
import secrets
import time
from collections import deque
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.ui.frame.enter_page import enter_page
from resnet_viz.ui.frame.server_status import is_ready, status_json
from resnet_viz.ui.frame.serving import (
    CODE_COOKIE,
    OWNER_COOKIE,
    TEACHER_COOKIE,
    Serving,
    mark,
)

ENTER, READY, STATUS = "/enter", "/ready", "/status"
_CLOSED = ("/_stcore/metrics", "/_stcore/script-health-check")
_OPEN = ("/_stcore/health",)  # for whoever watches the server; READY too
_LOCAL = ("localhost", "localhost.localdomain")
_YEAR = 365 * 24 * 3600  # seconds
_MOST_FORM = 2_000  # bytes
_MOST_WRONG, _WINDOW = 30, 60.0  # wrong codes of all visitors, in so many seconds


class Gate:
    """ASGI middleware around the whole app, for pages, pictures and WebSockets."""

    def __init__(self, app: ASGIApp, serving: Serving) -> None:
        self.app, self.serving = app, serving
        self._wrong: deque[float] = deque(maxlen=_MOST_WRONG)
        self._headers = _headers(serving.frames)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        answer = await self._answer(scope, receive)
        if answer is None:
            await self.app(scope, receive, self._sender(scope, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "not allowed"})
        else:
            await answer(scope, receive, self._sender(scope, send))

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """The answer that is given here; None for what the app answers."""
        headers = {name.decode().lower(): value.decode("latin-1")
                   for name, value in scope["headers"]}  # fmt: skip
        if not self._is_ours(headers.get("host", "")):
            return _told("enter.foreign", 421, headers)
        path, cookies = str(scope["path"]), _cookies(headers.get("cookie", ""))
        became = self._became_teacher(scope)
        if became is not None:
            return became
        teacher = self._is_teacher(cookies, headers)
        private = path in _CLOSED or (path == STATUS and self.serving.apart)
        if private and not teacher:
            return _told("enter.nothing", 404, headers)
        if path in (READY, STATUS):
            return await (is_ready() if path == READY else status_json())
        if self.serving.class_code and path not in _OPEN and not teacher:
            return await self._let_in(scope, receive, cookies)
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether the browser called this server by one of its names; digits are no name."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.strip("[]").rstrip(".").lower()
        if name in _LOCAL or name in self.serving.hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _is_teacher(self, cookies: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        key = self.serving.teacher_key
        if not key:
            return False
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        given = cookies.get(TEACHER_COOKIE, "")
        return _same(given, mark(key, "teacher")) or _same(bearer, key)

    def _became_teacher(self, scope: Scope) -> Response | None:
        """Move the teacher's key from the address into a cookie."""
        key = self.serving.teacher_key
        if scope["type"] != "http" or not scope["query_string"]:
            return None
        query = parse_qs(scope["query_string"].decode("latin-1"))
        given = query.get("teacher", [""])[0]
        if not key or not given or not self._may_try() or not self._counted(_same(given, key)):
            return None
        answer = RedirectResponse(str(scope["path"]), 303)
        answer.headers.append("set-cookie", self._cookie(TEACHER_COOKIE, mark(key, "teacher")))
        return answer

    async def _let_in(
        self, scope: Scope, receive: Receive, cookies: Mapping[str, str]
    ) -> Response | None:
        code = self.serving.class_code
        if _same(cookies.get(CODE_COOKIE, ""), mark(code, "code")):
            return None
        if scope["type"] == "websocket":
            return _told("enter.needed", 403, {})
        request = Request(scope, receive)
        text = Text(_language(request.headers.get("accept-language", "")))
        if request.method == "POST" and scope["path"] == ENTER:
            return await self._entered(request, text)
        if "text/html" not in request.headers.get("accept", ""):
            return _told("enter.needed", 403, request.headers)
        return HTMLResponse(enter_page(text), 401)

    async def _entered(self, request: Request, text: Text) -> Response:
        """Answer the form in which a visitor types the code."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _MOST_FORM:
                return _told("enter.long", 413, request.headers)
        if not self._may_try():
            return HTMLResponse(enter_page(text, "enter.too_many"), 429)
        given = parse_qs(body.decode("utf-8", "replace")).get("code", [""])[0].strip()
        if not self._counted(_same(given, self.serving.class_code)):
            return HTMLResponse(enter_page(text, "enter.wrong"), 401)
        answer = RedirectResponse("/", 303)
        answer.headers.append(
            "set-cookie", self._cookie(CODE_COOKIE, mark(self.serving.class_code, "code"))
        )
        return answer

    def _may_try(self) -> bool:
        now = time.monotonic()
        return len(self._wrong) < _MOST_WRONG or now - self._wrong[0] > _WINDOW

    def _counted(self, right: bool) -> bool:
        if not right:
            self._wrong.append(time.monotonic())
        return right

    def _cookie(self, name: str, value: str) -> str:
        """A cookie that scripts cannot read; in a foreign frame it needs https."""
        framed = "SameSite=None; Secure; Partitioned" if self.serving.frames else "SameSite=Lax"
        return f"{name}={value}; Max-Age={_YEAR}; Path=/; HttpOnly; {framed}"

    def _sender(self, scope: Scope, send: Send) -> Send:
        """Add the headers, and to a page for a new browser its key."""
        is_page = scope["type"] == "http" and not str(scope["path"]).startswith("/_stcore/")
        new = self.serving.apart and is_page and not _has_owner(scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                known = {name.lower() for name, _ in headers}
                headers += [pair for pair in self._headers if pair[0] not in known]
                if new and any(
                    name.lower() == b"content-type" and value.startswith(b"text/html")
                    for name, value in headers
                ):
                    cookie = self._cookie(OWNER_COOKIE, secrets.token_hex(16))
                    headers.append((b"set-cookie", cookie.encode()))
                message = {**message, "headers": headers}
            await send(message)

        return sending


def _headers(frames: tuple[str, ...]) -> list[tuple[bytes, bytes]]:
    """Return the headers of every answer: nothing from other servers, and in no foreign frame."""
    ancestors = " ".join(["'self'", *frames])
    policy = (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        "connect-src 'self' ws: wss: data: blob:; object-src 'none'; base-uri 'self'; "
        f"form-action 'self'; frame-ancestors {ancestors}"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    }
    if not frames:
        headers["x-frame-options"] = "SAMEORIGIN"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, sep, value in pairs if sep}


def _has_owner(scope: Scope) -> bool:
    cookie = next((value for name, value in scope["headers"] if name == b"cookie"), b"")
    return OWNER_COOKIE in _cookies(cookie.decode("latin-1"))


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _told(key: str, status: int, headers: Mapping[str, str]) -> Response:
    """Answer a program, or a browser that asked for no page, in one sentence."""
    text = Text(_language(headers.get("accept-language", "")))
    return PlainTextResponse(f"{text(key)}\n", status)


def _language(accepted: str) -> str:
    """Return the first language of a browser that the app speaks."""
    for part in accepted.lower().split(","):
        name = part.strip()[:2]
        if name in LANGUAGES:
            return name
    return "en"
