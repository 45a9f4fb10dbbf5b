"""Where Slurm runs this process: one of several tasks of a step (srun), or alone."""

import os
import re
import subprocess
from typing import List

from shared.errors import UserError

# Jobs may share a node: each has 64 ports, below those that systems give to outgoing connections.
_FIRST_PORT, _JOBS, _PORTS = 12000, 250, 64


def tasks() -> int:
    """The number of tasks of the step; 1 without Slurm."""
    return int(os.environ.get("SLURM_STEP_NUM_TASKS") or 1)


def rank() -> int:
    """This task's number among them."""
    return int(os.environ.get("SLURM_PROCID") or 0)


def addresses() -> List[str]:
    """host:port of each task of the step, in the order of their ranks.

    Raises:
      UserError: the hosts cannot be listed, or the ranks do not follow the nodes.
    """
    nodes = _hosts(os.environ["SLURM_STEP_NODELIST"])
    counts = tasks_of_nodes(os.environ["SLURM_STEP_TASKS_PER_NODE"])
    places = [(node, local) for node, count in enumerate(counts) for local in range(count)]
    here = (int(os.environ["SLURM_NODEID"]), int(os.environ["SLURM_LOCALID"]))
    if places[rank()] != here:
        raise UserError(
            f"Slurm's task {rank()} is task {here[1]} of node {here[0]}, so ranks do not follow "
            "the nodes; start the step with srun --distribution=block"
        )
    first = _FIRST_PORT + int(os.environ["SLURM_JOB_ID"]) % _JOBS * _PORTS
    return [f"{nodes[node]}:{first + number}" for number, (node, _) in enumerate(places)]


def tasks_of_nodes(text: str) -> List[int]:
    """How many tasks each node has, from SLURM_STEP_TASKS_PER_NODE.

    >>> tasks_of_nodes("2(x3),1")
    [2, 2, 2, 1]
    """
    found = re.findall(r"(\d+)(?:\(x(\d+)\))?", text)
    return [int(count) for count, times in found for _ in range(int(times or 1))]


def _hosts(nodes: str) -> List[str]:
    """The names in a list such as n[1-3,7], by Slurm's own program."""
    command = ["scontrol", "show", "hostnames", nodes]
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode().split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(
            f"cannot list the hosts of {nodes}: {error}. Put Slurm's scontrol on the PATH, or set "
            "TF_CONFIG in each task."
        ) from None
