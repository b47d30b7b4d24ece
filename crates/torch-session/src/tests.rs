//! Tests on real private tmux servers, each with a socket folder of its own, so that no other server can be met.

mod captures;
mod connection;
mod delivery;
mod encoder;
mod guards;
mod windows;
mod world;
