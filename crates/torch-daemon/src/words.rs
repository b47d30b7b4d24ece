//! Numbers in words.

pub(crate) use torch_core::words::count;
