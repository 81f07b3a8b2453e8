"""Progress bars, by tqdm where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, Iterator

from tomoslab.errors import FailedPrecondition


def _tqdm(**options: Any) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise FailedPrecondition("progress=True draws its bar with tqdm, which is not installed (Debian: python3-tqdm; pip: tqdm)") from None
    return tqdm(**options)


@contextmanager
def byte_bar(shown: bool, title: str, total: int) -> Iterator[Callable[[int], None] | None]:
    """A bar of bytes; gives the function that adds some, None when no bar is shown."""
    if not shown:
        yield None
        return
    with _tqdm(total=total, desc=title, unit="B", unit_scale=True) as bar:
        yield bar.update


@contextmanager
def iteration_bar(shown: bool, title: str) -> Iterator[Callable[[Any, int], None] | None]:
    """A bar of iterations; gives the function that takes a job's event and the planned iterations."""
    if not shown:
        yield None
        return
    with _tqdm(desc=title, unit="it") as bar:
        def show(event: Any, planned: int) -> None:
            if event.HasField("iteration"):
                bar.total = planned or None
                bar.set_postfix(residual=f"{event.iteration.relative_residual:.3g}", refresh=False)
                bar.update(max(0, event.iteration.iteration - bar.n))
        yield show
