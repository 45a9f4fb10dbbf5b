#!/usr/bin/env bash
# Prints the path of a Python that works and can make virtual environments, of the first of the
# given versions that is at hand; exit code 1, and nothing printed, where there is none.
#
#     tests/wse/find_python.sh 3.7 3.8
#
# PYTHON37 names one for the container's versions 3.7 and 3.8, and is the only one looked at.
set -uo pipefail

version_of() { # A shim of pyenv may be on the PATH and start nothing.
    "$1" -c 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

candidates() {
    if [ -n "${PYTHON37:-}" ]; then
        echo "$PYTHON37"
        return
    fi
    command -v "python$1"
    local versions
    versions=${PYENV_ROOT:-$(pyenv root 2>/dev/null || echo "$HOME/.pyenv")}/versions
    ls -d "$versions/$1".*/bin/python 2>/dev/null
}

for version in "$@"; do
    while read -r candidate; do
        if [ "$(version_of "$candidate")" = "$version" ]; then
            command -v "$candidate"
            exit 0
        fi
    done < <(candidates "$version")
done
exit 1
