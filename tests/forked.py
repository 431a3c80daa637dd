"""Processes forked from a server that has the imports and no threads: a start takes no second."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]

# One server for all: what it has not read, every process would read for itself.
PRELOAD = ["tests.forked_models", "tests.faults.killing", "tests.actions.killing", "spectra.cli",
           "pytest"]  # fmt: skip


def start(target: Callable[..., object], *arguments: object) -> BaseProcess:
    """Let a function run in a process of its own, with the environment of this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    process = context.Process(target=_run, args=(dict(os.environ), target, arguments))
    # A process runs its parent's main module first; AppTest leaves a page of the app there.
    with mock.patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):
        with chdir(ROOT):  # the server finds its imports from where it is started
            forkserver.ensure_running()
        process.start()
    return process


def _run(environment: dict[str, str], target: Callable[..., object], arguments: tuple) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*arguments)


def command(*arguments: str, folder: Path, settings: dict[str, str]) -> subprocess.CompletedProcess:
    """Run the command line as `python -m spectra` does; what it says is kept in a folder."""
    files = folder / "stdout", folder / "stderr"
    process = start(_speak, arguments, settings, files)
    process.join(120)
    assert process.exitcode is not None, "it did not end"
    out, err = (file.read_text() for file in files)
    return subprocess.CompletedProcess(arguments, process.exitcode, out, err)


def _speak(arguments: tuple[str, ...], settings: dict[str, str], files: tuple[Path, ...]) -> None:
    os.environ.update(settings)
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = ["spectra", *arguments]
    runpy.run_module("spectra", run_name="__main__")
