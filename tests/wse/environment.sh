#!/usr/bin/env bash
# Makes (once) the environment that the code for Cerebras' container is tested in, and prints the
# path of its Python; everything else goes to stderr.
#
# .venv-wse holds TensorFlow 2.2.0 on Python 3.7 or 3.8, as the container does. PYTHON37=<python>
# names the interpreter, else find_python.sh looks for one. Where there is none,
# .venv-wse-fallback holds TensorFlow 2.15.1 on Python 3.9 to 3.11, and the first line says so;
# WSE_FALLBACK=no makes that an error.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
    echo "error: $1" >&2
    exit 2
}

find_container_python() {
    tests/wse/find_python.sh 3.7 3.8
}

find_fallback_python() {
    PYTHON37='' tests/wse/find_python.sh 3.11 3.10 3.9
}

# What the environment is made of; .ready keeps a copy.
description() {
    "$python" --version
    cat "$requirements"
}

if python=$(find_container_python); then
    venv=.venv-wse requirements=requirements-wse.txt
elif [ -n "${PYTHON37:-}" ]; then
    fail "PYTHON37=$PYTHON37 is no working Python 3.7 or 3.8 with its venv module"
elif [ "${WSE_FALLBACK:-yes}" = no ]; then
    fail "no Python 3.7 or 3.8 is on the PATH or in pyenv; name one with PYTHON37=<python>"
elif python=$(find_fallback_python); then
    venv=.venv-wse-fallback requirements=requirements-wse-fallback.txt
    echo "NOT the container's versions: no Python 3.7 or 3.8 is at hand (name one with PYTHON37=)," \
        "so this is TensorFlow 2.15.1 on $("$python" --version) in place of 2.2.0" >&2
else
    fail "no Python 3.7 to 3.11 is on the PATH or in pyenv; name a 3.7 or 3.8 with PYTHON37=<python>"
fi

if ! description | cmp --silent - "$venv/.ready"; then
    echo "making $venv from $requirements with $python: one to two minutes" >&2
    "$python" -m venv --clear "$venv"
    # The pip that old Pythons bring does not know today's wheels.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check pip==24.0 >&2
    # As in the Makefile: Python compiles what it imports, unless it may not keep that.
    compile=$([ -n "${PYTHONDONTWRITEBYTECODE:-}" ] || echo --no-compile)
    # shellcheck disable=SC2086  # of no word or one
    "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off $compile \
        --requirement "$requirements" >&2
    description >"$venv/.ready"
fi
echo "$venv/bin/python"
