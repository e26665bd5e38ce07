//! Undo: every kind of change is taken back, and nobody's later work with it.

mod changed_since;
mod each_change;
mod last;
mod which;
