"""Jobs that tests of the thread engine run."""

import threading


def ten(value):
    return 10


def value_of(running):
    assert running.wait(10)
    return running.poll().result


class Blocked:
    """Two records, the second one after ``go``; ``begun`` is set when the first is there."""

    def __init__(self):
        self.go, self.begun, self.closed = threading.Event(), threading.Event(), False

    def __call__(self):
        try:
            yield 1
            self.begun.set()
            self.go.wait(10)
            yield 2
            raise AssertionError("went on")
        finally:
            self.closed = True
