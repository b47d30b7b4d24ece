//! torch-testing.
