"""Execution of a function for every tensor, on several threads, with progress."""

import ctypes
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")

# ``progress(title, total)`` opens a stage; its context is a function to call with each amount that is done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]


# Thousands of pieces are allocated and freed. By default, glibc returns the memory of each to the system and requests it
# again, which costs more than the arithmetic: four times the time of TIES.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
if hasattr(allocator := ctypes.CDLL(None), "mallopt"):
    allocator.mallopt(_MMAP_THRESHOLD, 1 << 28)
    allocator.mallopt(_TRIM_THRESHOLD, 1 << 28)


def silent(title: str, total: int) -> AbstractContextManager[Callable[[int], object]]:
    """The default progress: none is shown."""
    return nullcontext(lambda amount: None)


@dataclass(frozen=True)
class Execution:
    """Runtime settings of the engine; no result depends on them."""

    threads: int = 1
    progress: Progress = silent
    trust: bool = True  # use the hashes cached beside files; False: read and hash the files

    def each(
        self, title: str, function: Callable[[Item], Result], items: Iterable[Item], size: Callable[[Item], int]
    ) -> list[Result]:
        """``function`` of each item, in the items' order. Each item is processed by one thread, large items first.

        Linear algebra stays within that thread, because its result must not depend on the number of threads.
        """
        items = list(items)
        with self.progress(title, sum(map(size, items))) as advance, threadpool_limits(1, user_api="blas"):

            def one(index: int) -> Result:
                with np.errstate(over="ignore", invalid="ignore"):  # all output is checked for it
                    result = function(items[index])
                advance(size(items[index]))
                return result

            if self.threads == 1:
                return [one(index) for index in range(len(items))]
            with ThreadPoolExecutor(self.threads) as pool:
                order = sorted(range(len(items)), key=lambda index: -size(items[index]))
                futures = {index: pool.submit(one, index) for index in order}
                try:
                    done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
                finally:
                    pool.shutdown(cancel_futures=True)
                for failed in (future for future in done if future.exception()):
                    failed.result()
                return [futures[index].result() for index in range(len(items))]
