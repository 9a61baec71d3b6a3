#!/bin/sh
# Names every tool that is missing or too old, with what to install; prints nothing when all is well.
# Usage: check_tools.sh [python-for-node [python-for-contracts]]
set -u
failed=0

complain() {
    printf 'PayFlow set-up: %s\n' "$1" >&2
    failed=1
}

python_is() { # python_is <command> <lowest minor> <highest minor>
    "$1" -c "import sys; sys.exit(not (sys.version_info[0] == 3 and $2 <= sys.version_info[1] <= $3))" 2>/dev/null
}

python=${1:-python3}
contracts_python=${2:-}
if ! command -v "$python" >/dev/null 2>&1; then
    complain "'$python' was not found. Install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv), or name one with PYTHON=..."
elif ! python_is "$python" 11 99; then
    complain "'$python' is $("$python" --version 2>&1), but Python 3.11 or newer is needed. Install one and name it with PYTHON=..."
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    complain "'$python' cannot create virtual environments. Install its venv module (Debian, Ubuntu: apt install python3-venv)."
fi
if [ -z "$contracts_python" ]; then
    complain "ape needs Python 3.11 or 3.12 (its numpy has no build for newer ones), and neither was found. Install one beside '$python', or name it with CONTRACTS_PYTHON=..."
elif ! python_is "$contracts_python" 11 12; then
    complain "'$contracts_python' is $("$contracts_python" --version 2>&1), but ape needs Python 3.11 or 3.12. Name one with CONTRACTS_PYTHON=..."
fi
if ! command -v node >/dev/null 2>&1; then
    complain "'node' was not found. Install Node.js 20 or newer: it carries the Solidity compiler and Foundry's binaries."
elif [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    complain "node is $(node --version), but Node.js 20 or newer is needed."
fi
command -v npm >/dev/null 2>&1 || complain "'npm' was not found. It comes with Node.js (Debian, Ubuntu: apt install npm)."
command -v git >/dev/null 2>&1 || complain "'git' was not found. Install git."
exit $failed
