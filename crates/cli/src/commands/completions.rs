//! `dnabert completions` and `dnabert man`, generated from the definitions of the commands.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use crate::console::{noteln, out};
use crate::failure::Outcome;
use crate::files;

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert completions bash > ~/.local/share/bash-completion/completions/dnabert")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page, or write those of all commands to a folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert man | man -l -")]
pub(crate) struct Man {
    /// Folder for one page per command
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Prints completions.
pub(crate) fn completions(arguments: &Completions) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), "dnabert", &mut text);
    out!("{}", String::from_utf8_lossy(&text));
    Ok(())
}

/// Prints or writes manual pages.
pub(crate) fn man(arguments: &Man) -> Outcome {
    let page = |command: clap::Command| -> std::io::Result<Vec<u8>> {
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text)?;
        Ok(text)
    };
    let root = super::command();
    let Some(folder) = &arguments.out else {
        out!("{}", String::from_utf8_lossy(&page(root)?));
        return Ok(());
    };
    files::create_folder(folder)?;
    let mut pages = vec![("dnabert".to_owned(), root.clone())];
    let mut read = 0;
    while let Some((above, command)) = pages.get(read).cloned() {
        read += 1;
        for command in command.get_subcommands() {
            let name = format!("{above}-{}", command.get_name());
            pages.push((name.clone(), command.clone().name(name)));
        }
    }
    let count = pages.len();
    for (name, command) in pages {
        files::write(&folder.join(format!("{name}.1")), &page(command)?)?;
    }
    noteln!("wrote {count} pages to {}", folder.display());
    Ok(())
}
