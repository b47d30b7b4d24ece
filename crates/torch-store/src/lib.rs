//! torch-store.
