//! torch-demo.
