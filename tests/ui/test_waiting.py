"""The one waiting loop: progress, then the result; a stop is remembered."""

import threading

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.jobs.job import Job, JobState
from resnet_viz.jobs.threads import ThreadEngine

TIMEOUT = 30  # seconds


@pytest.fixture
def engine():
    return ThreadEngine("test", threads=2, most_jobs=24)


def _page(engine, job, how):
    import streamlit as st

    from resnet_viz.ui.running.waiting import StopButton, follow, show, wait

    def draw(*moment):
        *_, status = moment
        st.caption(f"{len(status.records)} {status.state}")

    button = StopButton("here", job.key, label="Stop", stopped="It was stopped.", again="Again")
    match how:
        case "wait":
            st.markdown(wait(engine.start(job), "working"))
        case "show":
            result = button.unless_stopped(lambda: show(engine.start(job), draw, button))
            st.markdown(f"result: {result}")
        case "follow":
            follow(lambda: engine.start(job), draw, patience=0)
    st.markdown("the rest of the page")


def opened(engine, job, how):
    kwargs = {"engine": engine, "job": job, "how": how}
    app = AppTest.from_function(_page, kwargs=kwargs, default_timeout=TIMEOUT)
    assert not app.run().exception
    return app


class Steps:
    """A job of two records; the second one comes after ``go``."""

    def __init__(self):
        self.go, self.begun = threading.Event(), threading.Event()

    def __call__(self):
        yield "first"
        self.begun.set()
        self.go.wait(10)
        yield "last"


@pytest.mark.parametrize("how", ["wait", "show"])
@pytest.mark.parametrize("seconds", [0, 0.6])
def test_the_result_is_there_and_nothing_is_left_of_the_waiting(engine, how, seconds):
    steps = Steps()
    threading.Timer(seconds, steps.go.set).start()
    app = opened(engine, Job("a", steps), how)
    assert "last" in app.markdown[0].value
    assert not app.button
    assert not app.caption


def test_another_visitors_stop_leaves_what_a_page_waits_for(engine):
    steps, pages = Steps(), []
    job = Job("a", steps)
    visitor = threading.Thread(target=lambda: pages.append(opened(engine, job, "show")))
    visitor.start()
    assert steps.begun.wait(TIMEOUT)
    running = engine.start(job)
    while not running.has_watchers:
        running.wait(0.01)
    running.stop()
    assert running.poll().state is JobState.RUNNING
    steps.go.set()
    visitor.join()
    assert pages[0].markdown[0].value == "result: last"


def test_stopped_work_is_offered_again_and_other_work_is_not_held_back(engine):
    steps = Steps()
    steps.go.set()
    app = AppTest.from_function(
        _page, kwargs={"engine": engine, "job": Job("a", steps), "how": "show"}
    )
    app.session_state["stopped_here"] = "a"
    app.run()
    assert app.info[0].value == "It was stopped."
    assert app.markdown[0].value == "result: None"
    app.button(key="again_here").click().run()
    assert app.markdown[0].value == "result: last"
    app.session_state["stopped_here"] = "another"
    app.run()
    assert app.markdown[0].value == "result: last"


def test_a_job_that_is_followed_holds_up_nothing_and_is_drawn_to_its_end(engine):
    steps = Steps()
    app = opened(engine, Job("a", steps), "follow")
    assert app.markdown[0].value == "the rest of the page"
    assert "running" in app.caption[0].value
    steps.go.set()
    assert engine.find("a").wait(10)
    app.run()
    assert app.caption[0].value == "2 done"
