"""Threads share one heap, and modules are left out of collections until something is private."""

import gc
import platform
from threading import Barrier, Event, Thread

import numpy as np
import psutil
import pytest

from spectra import heap
from tests import forked

THREADS, BLOCKS = 8, 500
of_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library than glibc"
)


def take_turns(file, is_shared):
    """Write how much [MB] is held when each of several threads has freed 40 MB and lives on."""
    if is_shared:
        heap.share()
    before, over, kept = psutil.Process().memory_info().rss, Event(), []
    for _ in range(THREADS):
        freed = Event()
        Thread(target=take, args=(kept, freed, over)).start()
        freed.wait()
    file.write_text(str((psutil.Process().memory_info().rss - before) / 1e6))
    over.set()


def take(kept, freed, over):
    blocks = [np.ones(10_000) for _ in range(BLOCKS)]
    kept.append(np.ones(10_000))  # above the others: they stay in the heap
    blocks.clear()
    freed.set()
    over.wait()


def free_matrices(file, is_shared):
    """The same of threads that had heaps before, and freed 24 MB more than once."""
    barrier, over = Barrier(THREADS + 1), Event()
    for _ in range(THREADS):
        Thread(target=free_some, args=(barrier, over)).start()
    barrier.wait()
    if is_shared:
        heap.share()
    before = psutil.Process().memory_info().rss
    for _ in range(2):
        barrier.wait()
    file.write_text(str((psutil.Process().memory_info().rss - before) / 1e6))
    over.set()


def free_some(barrier, over):
    own = np.ones(10_000)
    barrier.wait()
    barrier.wait()
    for _ in range(3):
        np.ones(3_000_000)
    barrier.wait()
    over.wait()
    assert own.any()


def held_mb(file, is_shared, freeing):
    process = forked.start(freeing, file, is_shared)
    process.join(60)
    return float(file.read_text())


@of_glibc
@pytest.mark.parametrize(("freeing", "least_mb"), [(take_turns, 200), (free_matrices, 100)])
def test_threads_hold_less_of_what_they_freed_on_a_shared_heap(tmp_path, freeing, least_mb):
    apart, shared = (
        held_mb(tmp_path / str(is_shared), is_shared, freeing) for is_shared in (False, True)
    )
    assert apart > least_mb
    assert shared < 0.5 * apart


@of_glibc
def test_what_was_freed_below_what_is_kept_is_given_back(tmp_path):
    held = tmp_path / "held"
    forked.start(give_back, held).join(60)
    before, after = map(float, held.read_text().split())
    assert before > 30
    assert after < 0.3 * before


def give_back(file):
    """Write how much [MB] is held when 40 MB below one kept block were freed, and given back."""
    heap.share()
    process = psutil.Process()
    empty, kept, freed, over = process.memory_info().rss, [], Event(), Event()
    over.set()
    take(kept, freed, over)
    held = process.memory_info().rss
    heap.give_back()
    file.write_text(f"{(held - empty) / 1e6} {(process.memory_info().rss - empty) / 1e6}")


def test_what_is_there_is_spared_until_something_is_private(tmp_path):
    counts = tmp_path / "counts"
    forked.start(count_spared, counts).join(60)
    spared, later, none = map(int, counts.read_text().split())
    assert spared > 10_000
    assert later <= spared  # a second time takes nothing more, else sessions would stay
    assert none == 0


def count_spared(file):
    gc.unfreeze()
    counts = []
    for _ in range(2):
        heap.spare()
        counts.append(gc.get_freeze_count())
        kept = [[] for _ in range(1_000)]
    heap.spare_nothing()
    file.write_text(" ".join(map(str, (*counts, gc.get_freeze_count()))))
    assert kept
