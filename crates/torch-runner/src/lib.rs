//! torch-runner.
