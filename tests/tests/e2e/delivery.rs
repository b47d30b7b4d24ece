//! A message reaches exactly the program that it is for, whole, once, in order, and never anything else.

mod dialogs;
mod guards;
mod order;
mod sender;
