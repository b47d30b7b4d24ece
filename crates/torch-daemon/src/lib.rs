//! torch-daemon.
