"""Options of the Model Zoo's programs that are not needed here: a line says what to do instead."""

from typing import Dict, List

from shared.errors import UserError

_APPLIANCE = (
    "it is of the appliance (1.7.1's wheels and release 1.8), for which there is no backend; wse "
    "is for the container of releases up to 1.7.1"
)
_WORKERS = "csrun_wse starts the input workers: CSRUN_ARGS"
_INSTEAD: Dict[str, str] = {
    "--device": "--backend gpu or cpu decides; CUDA_VISIBLE_DEVICES=1 picks the second GPU",
    "--multireplica": "one replica is trained; the Model Zoo has it for pretraining only",
    "--is_pretrained_checkpoint": "--checkpoint_path always begins with a new output layer",
    "--compile_dir": "what was compiled is kept in --model_dir",
    "--logging": "progress is always logged; runconfig.log_step_count_steps says how often",
    "--num_workers_per_csx": _WORKERS,
    "--num_csx": "one CS system is used: --cs_ip",
    "--mount_dirs": "csrun_cpu and csrun_wse take --mount-dirs: MOUNT_DIRS",
    "--python_paths": "set PYTHONPATH",
    **dict.fromkeys(
        (
            *("--credentials_path", "--debug_args_path", "--disable_version_check"),
            *("--execution_strategy", "--job_labels", "--job_time_sec", "--mgmt_address"),
            *("--num_act_servers", "--num_wgt_servers", "--transfer_processes"),
        ),
        _APPLIANCE,
    ),
}
# The first word of release 1.8's command line.
_TARGETS = {
    "CPU": "say it with --backend cpu",
    "GPU": "say it with --backend gpu",
    "CSX": _APPLIANCE,
}


def check(arguments: List[str]) -> None:
    """Raises UserError for every one of them; args: arguments, of the command line."""
    lines = []
    if arguments and arguments[0] in _TARGETS:
        strategy = [word for word in arguments[1:2] if not word.startswith("-")]
        lines.append(f"{' '.join([arguments[0], *strategy])}: {_TARGETS[arguments[0]]}")
    for name in (argument.partition("=")[0] for argument in arguments):
        if name in _INSTEAD:
            lines.append(f"{name}: {_INSTEAD[name]}")
    if lines:
        listed = "".join(f"\n  {line}" for line in lines)
        raise UserError(f"these are of the Model Zoo's programs; leave them out:{listed}")
