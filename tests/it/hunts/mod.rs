//! The hunts as far as no server is needed: the library, its listing, and how answers are shown.

mod commands;
mod library;
mod refusals;
mod rendering;
