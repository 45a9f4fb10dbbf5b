"""A real Slurm on this machine: a controller and two nodes, 127.0.0.1 and 127.0.0.2."""

import os
import shutil
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.inputs import ROOT
from tests.loopback import free_port
from tests.processes import wait_for

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "scancel", "squeue")
_CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=127.0.0.[1-2] NodeHostname={host} NodeAddr=127.0.0.[1-2] Port=[{node}-{next_node}] CPUs=2
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing():
    """Why Slurm cannot run here; empty if it can."""
    absent = [name for name in _PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"no {', '.join(absent)}: apt-get install slurmctld slurmd slurm-client munge"
    return "" if os.geteuid() == 0 else "slurmd must be started by root"


@contextmanager
def running(folder: Path):
    """Yields a Cluster while Slurm runs with its files in the folder."""
    if reason := missing():
        pytest.skip(reason)
    node = free_port()
    (folder / "slurm.conf").write_text(
        _CONFIGURATION.format(
            folder=folder, host=socket.gethostname().split(".")[0], controller=free_port(),
            node=node, next_node=node + 1,
        )
    )  # fmt: skip
    for name in ("state", "spool-127.0.0.1", "spool-127.0.0.2"):
        (folder / name).mkdir()
    with ExitStack() as stack:
        cluster = Cluster(folder, stack)
        cluster.start()
        yield cluster


class Cluster:
    """What a user of Slurm's does."""

    def __init__(self, folder: Path, stack: ExitStack):
        self._folder, self._stack = folder, stack
        self._environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}

    def start(self):
        key = self._folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        own = {"socket": "munge.socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        files = [f"--{option}={self._folder / name}" for option, name in own.items()]
        self._daemon("munged", "--foreground", "--force", f"--key-file={key}", *files)
        self._daemon("slurmctld", "-D")
        for node in (1, 2):
            self._daemon("slurmd", "-D", "-N", f"127.0.0.{node}")
        wait_for(lambda: "idle" in self.say("sinfo", "--noheader", "--format=%T"))

    def _daemon(self, name, *arguments):
        with (self._folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen([name, *arguments], stdout=log, stderr=log, cwd="/",
                                       env=self._environment)  # fmt: skip
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)

    def say(self, *command, check=False):
        """What a program of Slurm's prints."""
        finished = subprocess.run(command, env=self._environment, cwd=ROOT, text=True, check=check,
                                  capture_output=True)  # fmt: skip
        return finished.stdout.strip()

    def submit(self, script, log, *arguments, options=(), **variables):
        """Starts a job, with more environment variables; returns its number."""
        exported = ",".join(["ALL", *(f"{name}={value}" for name, value in variables.items())])
        return self.say("sbatch", "--parsable", f"--export={exported}", f"--output={log}", *options,
                        f"examples/slurm/{script}", *map(str, arguments), check=True)  # fmt: skip

    def state(self, job):
        """Such as RUNNING, COMPLETED or FAILED; of an array, all of them."""
        shown = self.say("scontrol", "--oneliner", "show", "job", job)
        return {word.split("=")[1] for word in shown.split() if word.startswith("JobState=")}

    def wait_until_it_starts_again(self, job):
        """A job that was queued again would wait two minutes."""
        wait_for(lambda: self.state(job) == {"PENDING"})
        self.say("scontrol", "update", f"job={job}", "StartTime=now")

    def wait(self, job):
        """Waits for the end of a job; returns its state."""
        done = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"}
        wait_for(lambda: self.state(job) <= done)
        return self.state(job)
