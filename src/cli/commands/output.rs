//! The only place that prints. Everything else logs.

use crate::cli::ColorChoice;
use anstream::AutoStream;
use std::io::{self, ErrorKind, Write};

/// Prints a message for people, on standard output or standard error. Where even that cannot be written nobody is left to tell.
pub(super) fn message(text: &str, to_stdout: bool) {
    drop(match to_stdout {
        true => print(&mut io::stdout().lock(), &format!("{text}\n")),
        false => print(&mut io::stderr().lock(), &format!("{text}\n")),
    });
}

/// Prints a result as it is. False if it could not be written.
pub(super) fn text(text: &str) -> bool {
    report(print(&mut io::stdout().lock(), text))
}

/// Prints a result that holds colour codes, and strips them unless they are wanted. False if it could not be written.
pub(super) fn coloured(text: &str, choice: ColorChoice) -> bool {
    let choice = match choice {
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
        // On a terminal that can, unless https://no-color.org; or off one if CLICOLOR_FORCE insists.
        ColorChoice::Auto => AutoStream::choice(&io::stdout()),
    };
    let stripped;
    let text = match choice {
        anstream::ColorChoice::Never => {
            stripped = anstream::adapter::strip_str(text).to_string();
            &stripped
        }
        _ => text,
    };
    report(print(&mut io::stdout().lock(), text))
}

fn print(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A reader that has seen enough (`| head`) is no error.
fn report(outcome: io::Result<()>) -> bool {
    match outcome {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            message(&format!("error: standard output: {error}"), false);
            false
        }
        _ => true,
    }
}
