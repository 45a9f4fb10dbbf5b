"""Several processes score together what one would, and end together if one of them is lost."""

import json
import shutil
import signal
import socket
import time

import pytest
import tensorflow as tf

from tests.loopback import free_port
from tests.remote_files import contents
from tests.train import runs
from tests.train.workers import configured, finish, start_workers
from train import errors, run

# Of the 130 rows 5 batches, which three workers share unevenly, and 2, of which one gets none.
BATCHES = {"predict_input": {"batch_size": 30}, "eval_input": {"batch_size": 100}}
TRAINED = {"max_steps": 8, "save_checkpoints_steps": 4, "save_summary_steps": 4}


@pytest.fixture
def folders(tmp_path, train, weighted_data):
    """Two copies of a model; its configuration is that of a training on several machines, which
    one machine may score."""
    train("train", tmp_path / "one", config={**BATCHES, "runconfig": TRAINED}, data=weighted_data)
    params = tmp_path / "one" / "params.yaml"
    params.write_text(params.read_text().replace("workers: false", "workers: true"))
    return tmp_path / "one", shutil.copytree(tmp_path / "one", tmp_path / "three")


def of_results(folder):
    """What predictions and evaluations left, but for what TensorBoard reads, which has the time."""
    return {
        name: content
        for name, content in contents(folder).items()
        if name.startswith(("predict", "eval", "metrics")) and "/events" not in name
    }


@pytest.mark.long
@pytest.mark.parametrize("mode, more", [("predict", ["--split", "validation"]), ("eval_all", [])])
def test_three_workers_score_what_one_does(folders, weighted_data, mode, more, monkeypatch):
    one, three = folders
    monkeypatch.delenv("TF_CONFIG", raising=False)
    params = one / "params.yaml"
    run.main(runs.arguments(mode, one, params, weighted_data, *more))
    processes, _ = start_workers(mode, [three] * 3, params, weighted_data, *more)
    told = [finish(process) for process in processes]
    assert all("scoring on 3 devices, which share the batches\n" in out for out in told)
    # Nothing but the first one's scores or files.
    assert [" validation: step 8" in out for out in told] == [True, False, False]
    found = of_results(three)
    assert found and found == of_results(one)


@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.long
def test_one_of_two_is_lost_while_they_score(folders, weighted_data, lost):
    one, _ = folders
    processes, addresses = start_workers(
        "eval", [one] * 2, one / "params.yaml", weighted_data, "--eval_steps", "1"
    )
    while "scoring on 2 devices" not in processes[lost].stdout.readline():
        assert processes[lost].poll() is None
    processes[lost].send_signal(signal.SIGSTOP)
    _, told = processes[1 - lost].communicate(timeout=60)
    processes[lost].kill()
    processes[lost].communicate()
    assert told.startswith(f"error: worker {lost} ({addresses[lost]}) ended or cannot be reached")
    assert processes[1 - lost].returncode == 2


@pytest.mark.long
def test_workers_that_do_not_see_the_same_checkpoint(folders, weighted_data):
    one, other = folders
    for path in other.glob("model.ckpt-8*"):
        path.unlink()
    processes, _ = start_workers("eval", folders, one / "params.yaml", weighted_data)
    for process in processes:
        _, told = process.communicate(timeout=100)
        assert process.returncode == 2
        assert "the workers do not agree on the step of the checkpoint; here it is" in told


@pytest.mark.parametrize(
    "said, number",
    [
        ("aborted by: recvmsg:Connection reset by peer\nAdditional GRPC error information from "
         "remote target /job:worker/replica:0/task:2 while calling "
         "/tensorflow.WorkerService/RecvBuf", 2),
        ("from remote target /job:worker/replica:0/task:0 ... from remote target "
         "/job:worker/replica:0/task:2 while calling", 2),
        ("The first task at the barrier: /job:worker/replica:0/task:0. Some timed out task names:\n"
         "/job:worker/replica:0/task:2\n\nAdditional GRPC error information from remote target "
         "/job:worker/replica:0/task:0 while calling /tensorflow.CoordinationService/RegisterTask",
         2),
        ("aborted by: Deadline Exceeded\n\nRPC: /tensorflow.CoordinationService/Heartbeat", 0),
    ],
)  # fmt: skip
def test_what_tensorflow_says_of_a_lost_worker(monkeypatch, said, number):
    """As worker 1 heard it from TensorFlow 2.21."""
    cluster = {"cluster": {"worker": ["a:1", "b:2", "c:3"]}, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    address = ["a:1", "b:2", "c:3"][number]
    message = str(errors.lost_worker(tf.errors.UnavailableError(None, None, said)))
    assert message.startswith(f"worker {number} ({address}) ended or cannot be reached. Read its")


def wait_for(path, seconds=120):
    until = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert path.exists()


@pytest.mark.long
@pytest.mark.parametrize("lost", [0, 1])  # the one that writes, another one
def test_one_of_three_is_lost_while_they_train(tmp_path, demo_data, lost):
    """The others end with a message within a minute, and the same command goes on."""
    run = {
        "multiple_workers": True,
        "max_steps": 400,
        "save_checkpoints_steps": 100,
        "save_summary_steps": 50,
    }
    changes = {"runconfig": {**run, "xla": False}, "train_input": {"batch_size": 6}}
    params = configured(tmp_path / "p.yaml", changes)
    command = ("train_and_eval", [tmp_path / "m"] * 3, params, demo_data)
    processes, addresses = start_workers(*command)
    wait_for(tmp_path / "m" / "model.ckpt-100.index")
    processes[lost].kill()
    misses = {}
    for number, process in enumerate(processes):
        out, told = process.communicate(timeout=60)
        if number != lost:
            assert process.returncode == 2 and "Training finished" not in out
            misses[number] = next(n for n, at in enumerate(addresses) if f"{n} ({at})" in told)
            assert told == (
                f"error: worker {misses[number]} ({addresses[misses[number]]}) ended or cannot be "
                "reached. Read its output; start all workers again with the same command: a "
                "training resumes from its last checkpoint.\n"
            )
    # One may miss the other, which has just ended for the same reason, as its output says.
    for number in {0, 1, 2} - {lost}:
        assert misses[number] == lost or misses[misses[number]] == lost
    told = [finish(process) for process in start_workers(*command)[0]]
    assert all(f"resuming from {tmp_path / 'm' / 'model.ckpt-'}" in out for out in told)
    assert ["to 400)" in out for out in told] == [True, False, False]
    assert runs.weights(tmp_path / "m")["global_step"] == 400


@pytest.mark.long
def test_one_of_three_dies_between_its_answer_and_the_connection(tmp_path, demo_data):
    """The others end after a minute; TensorFlow alone would wait for an hour."""
    params = configured(tmp_path / "p.yaml", {"runconfig": {"multiple_workers": True}})
    with socket.create_server(("", 0)) as third:
        addresses = [f"localhost:{port}" for port in (free_port(), free_port())]
        addresses.append(f"localhost:{third.getsockname()[1]}")
        processes, _ = start_workers(
            "train", [tmp_path / "m"] * 2, params, demo_data, addresses=addresses
        )
        for process in processes:
            _, told = process.communicate(timeout=150)
            assert process.returncode == 2
            assert f"error: worker 2 ({addresses[2]}) ended or cannot be reached" in told
