"""The proof on a GPU: right numbers, clean ends, speed. `make check-gpu`; docs/gpu.md."""
