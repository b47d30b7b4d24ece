//! torch-cli.
