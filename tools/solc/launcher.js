#!/usr/bin/env node
// A `solc` command on top of the WebAssembly compiler from npm, for tools that look for a native
// binary and would download one: py-solc-x (and so ape), forge, halmos and slither.
// Understands what those tools send: --version, and standard JSON on stdin with
// --base-path, --include-path and --allow-paths.
'use strict'

const fs = require('fs')
const path = require('path')

function parseArguments (argv) {
  const options = { version: false, standardJson: false, basePath: process.cwd(), includePaths: [] }
  for (let i = 0; i < argv.length; i++) {
    const [name, inline] = argv[i].split(/=(.*)/s)
    const value = () => (inline !== undefined ? inline : argv[++i])
    switch (name) {
      case '--version': options.version = true; break
      case '--standard-json': options.standardJson = true; break
      case '--base-path': options.basePath = path.resolve(value()); break
      case '--include-path': options.includePaths.push(path.resolve(value())); break
      case '--allow-paths': value(); break
      case '-': break
      default:
        process.stderr.write(
          `solc launcher: argument '${argv[i]}' is not supported; send standard JSON (--standard-json) instead.\n`)
        process.exit(1)
    }
  }
  return options
}

function importCallback (options) {
  // ape compiles in a temporary copy of the sources, which lacks node_modules: look in the repository too.
  const roots = [options.basePath, ...options.includePaths, path.resolve(__dirname, '..', '..')]
  return (name) => {
    const candidates = path.isAbsolute(name) ? [name] : roots.map((root) => path.join(root, name))
    for (const candidate of candidates) {
      try {
        return { contents: fs.readFileSync(candidate, 'utf8') }
      } catch (error) {
        if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') return { error: `${candidate}: ${error.message}` }
      }
    }
    return { error: `File not found: ${name} (looked in ${roots.join(', ')})` }
  }
}

function main () {
  const options = parseArguments(process.argv.slice(2))
  const solc = require('solc')
  if (options.version) {
    process.stdout.write('solc, the solidity compiler commandline interface\n')
    process.stdout.write(`Version: ${solc.version()}\n`)
    return
  }
  const input = fs.readFileSync(0, 'utf8')
  const output = solc.compile(input, { import: importCallback(options) })
  process.stdout.write(output)
}

main()
