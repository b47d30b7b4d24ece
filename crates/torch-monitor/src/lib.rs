//! torch-monitor.
