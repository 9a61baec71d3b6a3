#!/bin/sh
# Slither on a copy: it cleans the output folder of the project that it looks at, which others may be using.
set -eu
work=.build/slither
rm -rf "$work" && mkdir -p "$work/seeded/contracts"
cp -r contracts foundry.toml slither.config.json "$work"
ln -s "$PWD/node_modules" "$PWD/.toolchain" "$work"
slither=$PWD/.venv-prove/bin/slither
cd "$work"

# First that it can fail, with this configuration: a contract that anyone can empty.
cp foundry.toml slither.config.json seeded
ln -s "$PWD/node_modules" "$PWD/.toolchain" seeded
cat > seeded/contracts/Seeded.sol <<'END'
// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract Seeded {
    function give(address payable to) external {
        to.transfer(address(this).balance);
    }
}
END
if (cd seeded && "$slither" . --config-file slither.config.json) >seeded/log 2>&1; then
    echo "slither: finds nothing in a contract that anyone can empty" >&2
    exit 1
elif ! grep -q arbitrary-send-eth seeded/log; then
    cat seeded/log >&2
    exit 1
fi
echo "slither: the seeded mistake was found"
rm -r seeded

"$slither" . --config-file slither.config.json
