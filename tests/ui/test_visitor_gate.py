"""The gate before the app, called as a server calls it: names, codes, keys, headers."""

import asyncio
import re

import pytest

from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.ui.frame.serving import Audience, Serving
from resnet_viz.ui.frame.visitor_gate import Gate

CLASS = Serving(Audience.CLASS, hosts=("class.example.org",), teacher_key="the teacher knows")
CODED = Serving(Audience.CLASS, class_code="maple", teacher_key="the teacher knows")


async def page(scope, receive, send):
    """The app behind the gate."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    start = {"type": "http.response.start", "status": 200}
    await send({**start, "headers": [(b"content-type", b"text/html; charset=utf-8")]})
    await send({"type": "http.response.body", "body": b"the app"})


class Answer:
    def __init__(self, messages):
        self.kind = messages[0]["type"]
        self.status = messages[0].get("status")
        self.headers = {}
        for name, value in messages[0].get("headers", ()):
            self.headers.setdefault(name.decode().lower(), []).append(value.decode())
        self.body = b"".join(message.get("body", b"") for message in messages[1:]).decode()

    @property
    def cookies(self):
        return dict(c.split(";")[0].split("=", 1) for c in self.headers.get("set-cookie", ()))


def ask(gate, path="/", *, kind="http", method="GET", body=b"", **headers):
    """One request; header names have _ for -."""
    path, _, query = path.partition("?")
    given = {"host": "127.0.0.1:8501", "accept": "text/html", **headers}
    scope = {
        "type": kind, "path": path, "query_string": query.encode(), "method": method,
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in given.items()],
    }  # fmt: skip
    messages = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        messages.append(message)

    asyncio.run(gate(scope, receive, send))
    return Answer(messages)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8501", True),
        ("localhost:8501", True),
        ("LOCALHOST.", True),
        ("[::1]:8501", True),
        ("192.168.1.20:8501", True),  # digits cannot be rebound
        ("class.example.org", True),
        ("evil.example:8501", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
        ("[::1].evil.example", False),
        ("127.0.0.1@evil.example", False),
    ],
)
def test_the_server_answers_to_its_own_names_only(kind, host, ours):
    answer = ask(Gate(page, CLASS), kind=kind, host=host)
    if kind == "http":
        assert answer.status == (200 if ours else 421)
    else:
        assert answer.kind == ("websocket.accept" if ours else "websocket.close")


def test_every_answer_has_the_headers():
    for answer in (ask(Gate(page, Serving())), ask(Gate(page, Serving()), host="evil.example")):
        policy = answer.headers["content-security-policy"][0]
        assert "frame-ancestors 'self'" in policy
        assert "default-src 'self'" in policy
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == ["nosniff"]
        assert answer.headers["referrer-policy"] == ["same-origin"]
        assert answer.headers["x-frame-options"] == ["SAMEORIGIN"]


def test_a_learning_platform_may_frame_the_app_if_it_is_named():
    framed = Serving(Audience.CLASS, frames=("https://moodle.example.org",))
    answer = ask(Gate(page, framed))
    policy = answer.headers["content-security-policy"][0]
    assert "frame-ancestors 'self' https://moodle.example.org" in policy
    assert "x-frame-options" not in answer.headers
    assert "SameSite=None; Secure" in answer.headers["set-cookie"][0]


@pytest.mark.parametrize("serving", [Serving(), CLASS])
def test_metrics_are_closed(serving):
    assert ask(Gate(page, serving), "/_stcore/metrics").status == 404


def test_a_new_browser_gets_a_key_that_scripts_cannot_read_and_keeps_it():
    gate = Gate(page, CLASS)
    first, second = ask(gate), ask(gate)
    key = first.cookies["resnet_viz_owner"]
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert key != second.cookies["resnet_viz_owner"]
    assert "HttpOnly" in first.headers["set-cookie"][0]
    assert not ask(gate, cookie=f"a=b; resnet_viz_owner={key}").cookies
    assert not ask(gate, "/_stcore/health").cookies


def test_one_person_alone_gets_no_cookie_and_needs_no_code():
    answer = ask(Gate(page, Serving()))
    assert (answer.status, answer.body, answer.cookies) == (200, "the app", {})


@pytest.mark.parametrize(
    ("language", "label"), [("en-GB", "Code of the class"), ("zh", "课堂口令")]
)
def test_without_the_code_there_is_only_the_form(language, label):
    gate = Gate(page, CODED)
    answer = ask(gate, accept_language=language)
    assert (answer.status, label in answer.body, "the app" in answer.body) == (401, True, False)
    assert ask(gate, "/media/picture.png", accept="image/*").status == 403
    assert ask(gate, "/_stcore/stream", kind="websocket").kind == "websocket.close"
    assert ask(gate, "/_stcore/health").status == 200


def test_the_code_opens_pages_and_sockets():
    gate = Gate(page, CODED)
    wrong = ask(gate, "/enter", method="POST", body=b"code=oak")
    assert (wrong.status, "not the code" in wrong.body) == (401, True)
    assert "resnet_viz_code" not in wrong.cookies
    right = ask(gate, "/enter", method="POST", body=b"code=+maple+")
    assert (right.status, right.headers["location"]) == (303, ["/"])
    assert "maple" not in str(right.headers)
    cookie = f"resnet_viz_code={right.cookies['resnet_viz_code']}"
    assert ask(gate, cookie=cookie).body == "the app"
    assert ask(gate, kind="websocket", cookie=cookie).kind == "websocket.accept"
    assert ask(Gate(page, Serving(Audience.CLASS, class_code="birch")), cookie=cookie).status == 401


def test_codes_cannot_be_tried_by_the_thousand():
    gate = Gate(page, CODED)
    answers = [ask(gate, "/enter", method="POST", body=b"code=%d" % n) for n in range(40)]
    assert answers[-1].status == 429
    assert ask(gate, "/enter", method="POST", body=b"code=maple").status == 429
    assert ask(gate, "/enter", method="POST", body=b"x" * 100_000).status == 413


def test_the_teachers_key_leaves_the_address_at_once():
    gate = Gate(page, CODED)
    answer = ask(gate, "/Train?teacher=the+teacher+knows")
    assert (answer.status, answer.headers["location"]) == (303, ["/Train"])
    cookie = f"resnet_viz_teacher={answer.cookies['resnet_viz_teacher']}"
    assert "knows" not in cookie
    assert ask(gate, cookie=cookie).body == "the app"
    assert ask(gate, "/?teacher=wrong").status == 401


def test_status_and_readiness_say_numbers_and_no_names(tmp_path, monkeypatch):
    RunStore().create("gone", {"a": 1}, "Annas run", "cpu", owner="anna")
    gate = Gate(page, CLASS)
    assert ask(gate, "/status").status == 404
    told = ask(gate, "/status", authorization="Bearer the teacher knows")
    assert told.status == 200
    assert '"queued":1' in told.body
    assert '"memory_mb"' in told.body
    assert "nna" not in told.body
    assert ask(Gate(page, Serving()), "/status").status == 200
    assert ask(gate, "/ready").body == "ready\n"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path / "file"))
    broken = ask(gate, "/ready")
    assert (broken.status, "record of runs" in broken.body) == (503, True)
