"""The subcommands of `payflow`, one module each; every module has `register(app)`."""
