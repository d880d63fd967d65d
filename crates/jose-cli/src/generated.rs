//! `jose completion` and `jose man`: made from the definitions of the arguments, so that they never differ.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Cli;
use crate::failure::Failure;
use crate::output::Output;

/// Write the script with which a shell completes commands and options.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  jose completion bash")]
pub(crate) struct Completion {
    /// The shell.
    shell: Shell,
}

pub(crate) fn completion(args: &Completion, output: Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "jose", &mut script);
    output.octets(&script)
}

/// Write the manual page of the program, or of one command.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  jose man\n  jose man jwe encrypt")]
pub(crate) struct Man {
    /// The command, by its names.
    command: Vec<String>,
}

pub(crate) fn man(args: &Man, output: Output) -> Result<(), Failure> {
    let mut command = Cli::command();
    // Gives each command the name and the options it has from those above it.
    command.build();
    let mut found = &command;
    for name in &args.command {
        let next = found.find_subcommand(name);
        found = next.ok_or_else(|| Failure::usage(format!("no command {name}")))?;
    }
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(found.clone()).render(&mut page);
    written.map_err(|error| Failure::io("manual page", &error))?;
    // What follows the options are examples, and a page has a name for them.
    let page = String::from_utf8_lossy(&page)
        .replace(".SH EXTRA\nExample:\n", ".SH EXAMPLES\n")
        .replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n");
    output.octets(page.as_bytes())
}
