//! The loop and its parts, with providers and sources made for the purpose.

mod cycles;
mod spoiled_wishes;
