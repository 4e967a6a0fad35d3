//! The only place that prints. Everything else logs.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use crate::cli::ColorChoice;
use std::io::IsTerminal;

/// Prints a message for people, on standard output or standard error.
pub(super) fn message(text: &str, to_stdout: bool) {
    if to_stdout {
        anstream::println!("{text}");
    } else {
        anstream::eprintln!("{text}");
    }
}

/// Prints a result as it is.
pub(super) fn text(text: &str) {
    anstream::print!("{text}");
}

/// Prints a result that holds colour codes, and strips them unless they are wanted.
pub(super) fn coloured(text: &str, choice: ColorChoice) {
    let wanted = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        // https://no-color.org is honoured by anstream.
        ColorChoice::Auto => {
            std::io::stdout().is_terminal()
                && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
        }
    };
    if wanted {
        print!("{text}");
    } else {
        print!("{}", anstream::adapter::strip_str(text));
    }
}
