//! A message reaches exactly the program that it is for, whole, once, in order, and never anything else.

mod dialogs;
mod guards;
mod hand_over;
mod order;
mod sender;
