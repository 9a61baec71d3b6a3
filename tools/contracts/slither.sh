#!/bin/sh
# Slither on a copy: it cleans the output folder of the project that it looks at, which others may be using.
set -eu
work=.build/slither
rm -rf "$work" && mkdir -p "$work"
cp -r contracts foundry.toml slither.config.json "$work"
ln -s "$PWD/node_modules" "$PWD/.toolchain" "$work"
slither=$PWD/.venv-prove/bin/slither
cd "$work"
"$slither" . --config-file slither.config.json
