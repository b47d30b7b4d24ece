//! torch-session.
