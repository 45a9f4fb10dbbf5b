"""Compiles a serialized HloModule for an H100, which need not be there: python -m ... <file>

Its flags are XLA_FLAGS. JAX has no public way to compile a program that it has not made.
"""

import os
import sys

os.environ.update(CUDA_VISIBLE_DEVICES="-1", JAX_SKIP_CUDA_CONSTRAINTS_CHECK="1")

from jax._src import compiler
from jax._src.interpreters import mlir
from jax._src.lib import _jax, xla_client
from jax.experimental import topologies

# What NVIDIA publishes and a device reports of itself; XLA weighs fusions by it.
_H100 = """
gpu_device_info {
  cuda_compute_capability { major: 9 }
  core_count: 132 fpus_per_core: 128 clock_rate_ghz: 1.98
  memory_bandwidth: 3352320000000 l2_cache_size: 52428800 device_memory_size: 84929347584
  threads_per_warp: 32 threads_per_block_limit: 1024 threads_per_core_limit: 2048
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  shared_memory_per_block: 49152 shared_memory_per_block_optin: 232448
  shared_memory_per_core: 233472
  registers_per_block_limit: 65536 registers_per_core_limit: 65536
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 7 }
runtime_version { major: 12 minor: 8 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""


def main(path: str) -> None:
    described = topologies.get_topology_desc(platform="cuda", target_config=_H100, topology="1x1x1")
    with open(path, "rb") as file:
        text = _jax.mlir.xla_computation_to_mlir_module(xla_client.XlaComputation(file.read()))
    with mlir.make_ir_context():
        module = mlir.ir.Module.parse(text)
        options = compiler.get_compile_options(num_replicas=1, num_partitions=1)
        (gpu,) = described.devices
        gpu.client.compile(module, _jax.DeviceList((gpu,)), options)


if __name__ == "__main__":
    main(*sys.argv[1:])
