//! Every payload arrives as docs/delivery.md says.
