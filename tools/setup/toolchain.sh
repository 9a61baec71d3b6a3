#!/bin/sh
# Puts Foundry's binaries into .toolchain/bin and a `solc` where py-solc-x looks for one.
# The npm packages' own commands are scripts that start the binary as a child, which outlives them
# when they are killed: link the binaries themselves.
set -eu
cd "$(dirname "$0")/../.."
root=$(pwd)
mkdir -p .toolchain/bin .toolchain/solcx .toolchain/ape

for tool in anvil forge cast; do
    binary=$(find node_modules/@foundry-rs -path "*/$tool-*/bin/$tool" -type f 2>/dev/null | head -n 1)
    if [ -n "$binary" ]; then
        ln -sf "../../$binary" ".toolchain/bin/$tool"
    elif found=$(PATH=$(printf %s "$PATH" | tr : '\n' | grep -v "^$root/" | paste -s -d : -) command -v "$tool"); then
        printf '  npm has no %s for this platform: using %s\n' "$tool" "$found"
        ln -sf "$found" ".toolchain/bin/$tool"
    else
        printf 'PayFlow set-up: npm has no %s for %s. Install Foundry 1.7.1, put it on PATH and run make again.\n' \
            "$tool" "$(uname -sm)" >&2
        exit 1
    fi
    # A binary for another C library or processor is found now, not in the middle of a test.
    ".toolchain/bin/$tool" --version >/dev/null || {
        printf 'PayFlow set-up: .toolchain/bin/%s does not run on this machine (%s).\n' "$tool" "$(uname -sm)" >&2
        exit 1
    }
done

cat >.toolchain/solcx/solc-v0.8.37 <<LAUNCHER
#!/bin/sh
exec env NODE_PATH="$root/node_modules" node "$root/tools/solc/launcher.js" "\$@"
LAUNCHER
chmod +x .toolchain/solcx/solc-v0.8.37
.toolchain/solcx/solc-v0.8.37 --version | grep -q 'Version: 0.8.37+' || {
    printf 'PayFlow set-up: the Solidity compiler from npm does not answer as version 0.8.37.\n' >&2
    exit 1
}
