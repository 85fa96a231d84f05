"""A bar of tqdm's for many images."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(total: int | None, *, shown: bool) -> Iterator[Callable[[], object]]:
    """A progress bar; what it yields is called after each image."""
    if not shown:
        yield lambda: None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook without ipywidgets gets a bar of text
        from tqdm.auto import tqdm
    with tqdm(total=total, unit="image") as drawn:
        yield drawn.update
