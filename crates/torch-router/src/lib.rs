//! torch-router.
