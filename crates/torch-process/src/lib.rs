//! torch-process.
