//! torch-scheduler.
