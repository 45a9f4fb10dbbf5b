"""A real Dask cluster on this machine: a scheduler and workers in processes of their own."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager

from tests.inputs import ROOT
from tests.processes import wait_for

# TensorFlow is imported before anybody waits for an answer, which takes a busy machine a minute.
_PRELOADED = ("--preload", "preprocess.beam.pipeline")
RUNNER = ["--runner=apache_beam.runners.dask.dask_runner.DaskRunner"]


class Cluster:
    """Attributes: scheduler, workers: their processes, of which some may be dead; address, of the
    scheduler."""

    def __init__(self, folder, project, settings):
        """Args: project, whose code they have; settings, Dask's, as environment variables."""
        self._folder, self._project, self._settings = folder, project, settings
        self._started = 0
        self.workers, self._logs = [], []
        self.start_scheduler("0")

    def start_scheduler(self, port):
        alone = ("--host", "127.0.0.1", "--port", port, "--no-dashboard")
        self.scheduler, log = self._start("scheduler", *alone)
        self.address = wait_for(lambda: re.search(r"tcp://127[\d.]+:\d+", log.read_text()))[0]

    def restart_scheduler(self):
        """At its address."""
        self.scheduler.kill()
        self.scheduler.wait()
        self.start_scheduler(self.address.rpartition(":")[2])

    def with_workers(self, number):
        """Itself, with so many that live."""
        while sum(worker.poll() is None for worker in self.workers) < number:
            local = ("--local-directory", str(self._folder / str(self._started)))
            alone = ("--nthreads", "1", "--no-nanny", "--no-dashboard", *local)
            worker, log = self._start("worker", self.address, *alone)
            self.workers.append(worker)
            self._logs.append(log)
        wait_for(lambda: all("Registered to" in log.read_text() for log in self._logs))
        return self

    def options(self):
        """Of Beam."""
        return [*RUNNER, f"--dask_client_address={self.address}"]

    def stop(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, kind, *arguments):
        log = self._folder / f"{kind}{self._started}.log"
        self._started += 1
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *_PRELOADED, *arguments]
        environment = {**os.environ, **self._settings}
        with open(log, "w") as file:
            process = subprocess.Popen(
                command, cwd=self._project, env=environment, stdout=file, stderr=file
            )
        return process, log


@contextmanager
def running(folder, project=ROOT, **settings):
    cluster = Cluster(folder, project, settings)
    try:
        yield cluster
    finally:
        cluster.stop()
