"""Visitors of one server: each sees what is theirs; a link shows one run and changes nothing."""

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.core.errors import RunError
from resnet_viz.core.text import Text
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.training.config import training_config
from resnet_viz.ui.choose import own_runs
from resnet_viz.ui.frame.serving import Audience, Quotas, Serving, mark

QUOTAS = Quotas(active_runs=2, kept_runs=3, epochs=10)
KEYS = {name: digit * 32 for name, digit in (("anna", "a"), ("ben", "b"))}


class Browser:
    """What a page knows of its visitor: cookies, address and tab."""

    def __init__(self, monkeypatch):
        self.cookies, self.query_params, self.tab = {}, {}, {}
        for module in ("visitor", "session"):
            monkeypatch.setattr(f"resnet_viz.ui.frame.{module}.st", self)
        monkeypatch.setattr("resnet_viz.ui.frame.visitor.get_script_run_ctx", lambda **_: self)
        monkeypatch.setattr(own_runs, "show_error", lambda error, _: self.errors.append(error))
        self.errors = []

    @property
    def context(self):
        return self

    @property
    def session_state(self):
        return self.tab

    def is_now(self, name):
        self.cookies = {"resnet_viz_owner": KEYS[name]} if name in KEYS else {}
        self.tab, self.query_params = {}, {}


@pytest.fixture
def browser(monkeypatch):
    return Browser(monkeypatch)


@pytest.fixture
def classroom(monkeypatch, browser):
    """A class, in which no worker starts."""
    monkeypatch.setattr(runs, "_see_to", lambda *_: None)
    how = Serving(Audience.CLASS, teacher_key="key of the teacher", quotas=QUOTAS)
    for name, value in how.variable().items():
        monkeypatch.setenv(name, value)
    return browser


def begun(epochs=2, title="digits"):
    config = training_config(
        "resnet20", "class-demo", pair=True, changes={"epochs": epochs}, data="digits"
    )
    return own_runs.submit("train", config, title=title)


def test_visitors_do_not_see_each_others_runs(classroom):
    classroom.is_now("anna")
    run_id = begun()
    assert [run.id for run in own_runs.listed()] == [run_id]
    classroom.is_now("ben")
    assert own_runs.listed() == []
    with pytest.raises(RunError, match="There is no run"):
        own_runs.find(run_id)


@pytest.mark.parametrize("action", [runs.stop, runs.delete, own_runs.share])
def test_visitors_do_not_change_each_others_runs(classroom, action):
    classroom.is_now("anna")
    run_id = begun()
    classroom.is_now("ben")
    own_runs.act(Text("en"), action, run_id)
    own_runs.act(Text("en"), runs.rename, run_id, "mine now")
    run = RunStore().run(run_id)
    assert (run.state, run.title, run.share) == (JobState.QUEUED, "digits", "")
    assert [error.code for error in classroom.errors] == ["run_unknown"] * 2


def test_a_link_shows_a_run_until_it_is_taken_back_and_changes_nothing(classroom):
    classroom.is_now("anna")
    run_id, other = begun(), begun(title="not shared")
    own_runs.act(Text("en"), own_runs.share, run_id)
    key = RunStore().run(run_id).share
    assert len(key) >= 16
    classroom.is_now("ben")
    classroom.query_params = {"share": key}
    assert [run.id for run in own_runs.listed()] == [run_id]
    classroom.query_params = {}  # another page of this tab
    run = own_runs.find(run_id)
    assert not own_runs.may_change(run)
    with pytest.raises(RunError):
        own_runs.find(other)
    classroom.query_params = {"share": key + "x"}
    classroom.tab = {}
    assert own_runs.listed() == []
    classroom.is_now("anna")
    own_runs.act(Text("en"), own_runs.unshare, run_id)
    classroom.is_now("ben")
    classroom.query_params = {"share": key}
    assert own_runs.listed() == []


def test_a_key_in_the_address_opens_no_run_that_is_not_shared(classroom):
    classroom.is_now("anna")
    begun()
    classroom.is_now("ben")
    for key in ("", " ", "0"):
        classroom.query_params = {"share": key}
        assert own_runs.listed() == []


def test_the_teacher_sees_and_ends_all(classroom):
    classroom.is_now("anna")
    run_id = begun()
    classroom.is_now("teacher")
    assert own_runs.listed() == []
    classroom.cookies["resnet_viz_teacher"] = mark("key of the teacher", "teacher")
    assert [run.id for run in own_runs.listed()] == [run_id]
    own_runs.act(Text("en"), runs.stop, run_id)
    assert RunStore().run(run_id).state is JobState.STOPPED


def test_the_key_of_a_browser_is_not_on_the_disk(classroom):
    classroom.is_now("anna")
    run = RunStore().run(begun())
    assert run.owner
    assert KEYS["anna"] not in run.owner


@pytest.mark.parametrize("cookie", ["", "x", "a" * 31, "A" * 32, "a" * 33, "../" * 11])
def test_a_browser_without_a_usable_cookie_is_one_visitor_a_tab(classroom, cookie):
    classroom.cookies = {"resnet_viz_owner": cookie}
    run_id = begun()
    assert [run.id for run in own_runs.listed()] == [run_id]
    classroom.tab = {}
    assert own_runs.listed() == []


def test_quotas_are_sentences_and_the_teacher_has_none(classroom):
    classroom.is_now("anna")
    with pytest.raises(RunError, match="11 epochs is longer than the 10"):
        begun(epochs=11)
    first, second = begun(), begun()
    with pytest.raises(RunError, match="2 runs queued or running"):
        begun()
    for run_id in (first, second):
        runs.stop(run_id)
    third = begun()
    runs.stop(third)
    with pytest.raises(RunError, match="3 runs, as many as a visitor may keep"):
        begun()
    runs.delete(first)
    begun()
    classroom.cookies["resnet_viz_teacher"] = mark("key of the teacher", "teacher")
    begun(epochs=11)


@pytest.mark.parametrize("audience", [Audience.ALONE, Audience.SHARED])
def test_elsewhere_everything_belongs_to_everybody(browser, monkeypatch, audience):
    monkeypatch.setattr(runs, "_see_to", lambda *_: None)
    for name, value in Serving(audience).variable().items():
        monkeypatch.setenv(name, value)
    browser.is_now("anna")
    run_id = begun(epochs=300)
    browser.is_now("ben")
    assert [run.id for run in own_runs.listed()] == [run_id]
    own_runs.act(Text("en"), runs.stop, run_id)
    assert RunStore().run(run_id).state is JobState.STOPPED
    assert RunStore().run(run_id).owner == ""


@pytest.mark.parametrize("action", [runs.stop, runs.resume, runs.delete])
def test_the_button_of_a_run_that_another_tab_deleted_is_one_sentence(browser, action):
    own_runs.act(Text("en"), action, "20260101-000000-0000")
    own_runs.act(Text("en"), runs.rename, "20260101-000000-0000", "title")
    assert [error.code for error in browser.errors] == ["run_unknown"] * 2


def test_whoever_looks_at_a_shared_run_finds_no_buttons(monkeypatch):
    how = Serving(Audience.CLASS)
    for name, value in how.variable().items():
        monkeypatch.setenv(name, value)
    store = RunStore()
    run_id = store.create("train", {"other": "version"}, "Annas", "cpu", owner="anna")
    store.move(run_id, JobState.STOPPED, when=(JobState.QUEUED,))
    store.share(run_id, "link")
    app = AppTest.from_function(shown_run, args=(run_id,), default_timeout=30)
    app.query_params["share"] = "link"
    app.run()
    assert not app.exception
    assert "it can be resumed" in app.caption[0].value
    assert not app.button
    store.share(run_id, "")
    again = AppTest.from_function(shown_run, args=(run_id,), default_timeout=30)
    again.query_params["share"] = "link"
    again.run()
    assert [one.value.split(" ")[:4] for one in again.warning] == [["There", "is", "no", "run"]]


def shown_run(run_id):
    from resnet_viz.core.text import Text
    from resnet_viz.ui.choose.own_runs import find
    from resnet_viz.ui.frame.messages import told
    from resnet_viz.ui.running.run_panel import RunPanel, show_run

    with told(Text("en")):
        panel = RunPanel("a", draw=lambda _: None, progress=lambda _: None, page="Train")
        show_run(find(run_id), panel, Text("en"))
