//! Options from a file (`--config run.toml`), and the file that repeats a run.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::{Table, Value};

use crate::commands;
use crate::failure::{Outcome, Usage};

/// Parses the command line. Options of a `--config` file stand before those that are given, which
/// replace them.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Outcome<ArgMatches> {
    let arguments: Vec<OsString> = arguments.collect();
    let command = commands::command();
    let Some(file) = config_file(&arguments) else {
        return Ok(command.try_get_matches_from(arguments)?);
    };
    let text = std::fs::read_to_string(&file)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
    let table: Table =
        text.parse().map_err(|error| Usage::new(format!("{}: {error}", file.display())))?;
    let arguments = with_config(&command, arguments, table, &file)?;
    Ok(command.try_get_matches_from(arguments)?)
}

/// The file that `--config` names.
fn config_file(arguments: &[OsString]) -> Option<PathBuf> {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if text == "--config" {
            return rest.next().map(PathBuf::from);
        }
        if let Some(file) = text.strip_prefix("--config=") {
            return Some(file.into());
        }
    }
    None
}

/// The arguments with those of the table behind the names of the subcommands.
fn with_config(
    root: &Command,
    arguments: Vec<OsString>,
    mut table: Table,
    file: &Path,
) -> Outcome<Vec<OsString>> {
    let wrong = |message: String| Usage::new(format!("{}: {message}", file.display()));
    let named: Vec<String> = match table.remove("command") {
        Some(Value::String(path)) => path.split_whitespace().map(str::to_owned).collect(),
        Some(other) => return Err(wrong(format!("command = {other}: a name is expected"))),
        None => Vec::new(),
    };
    // Names of subcommands stand first, where the caller gives them.
    let mut command = root;
    let mut given = 1;
    while let Some(next) =
        arguments.get(given).and_then(|name| command.find_subcommand(&*name.to_string_lossy()))
    {
        command = next;
        given += 1;
    }
    let mut whole = arguments[..given].to_vec();
    if given == 1 {
        for name in &named {
            command = command.find_subcommand(name).ok_or_else(|| {
                wrong(format!("command = \"{}\": no such command", named.join(" ")))
            })?;
            whole.push(name.into());
        }
    }
    let rest = &arguments[given..];
    let is_given = |name: &str| {
        rest.iter().any(|argument| {
            let text = argument.to_string_lossy();
            text.strip_prefix("--").is_some_and(|text| {
                text == name || text.strip_prefix(name).is_some_and(|text| text.starts_with('='))
            })
        })
    };
    let mut positional: Vec<(usize, Vec<OsString>)> = Vec::new();
    for (key, value) in table {
        let argument = find(command, &key)
            .or_else(|| find(root, &key))
            .ok_or_else(|| wrong(format!("{key}: no such option of `{}`", command.get_name())))?;
        if is_given(&key) {
            continue;
        }
        let values = values(&value).ok_or_else(|| {
            wrong(format!("{key} = {value}: a list, a text, a number or true is expected"))
        })?;
        match argument.get_index() {
            Some(index) => positional.push((index, values)),
            None if !argument.get_action().takes_values() => {
                if value.as_bool() != Some(false) {
                    whole.push(format!("--{key}").into());
                }
            }
            None => {
                for value in values {
                    let mut option = OsString::from(format!("--{key}="));
                    option.push(value);
                    whole.push(option);
                }
            }
        }
    }
    whole.extend(rest.iter().cloned());
    positional.sort_by_key(|(index, _)| *index);
    whole.extend(positional.into_iter().flat_map(|(_, values)| values));
    Ok(whole)
}

fn find<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|argument| name(argument) == key)
}

/// What an option is called in a file: its long name, or that of its place.
fn name(argument: &Arg) -> String {
    match argument.get_long() {
        Some(long) => long.to_owned(),
        None => argument.get_id().as_str().replace('_', "-"),
    }
}

fn values(value: &Value) -> Option<Vec<OsString>> {
    match value {
        Value::String(text) => Some(vec![text.into()]),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {
            Some(vec![value.to_string().into()])
        }
        Value::Array(all) => {
            let each: Option<Vec<Vec<OsString>>> = all.iter().map(values).collect();
            Some(each?.concat())
        }
        _ => None,
    }
}

/// The file that repeats a run: the command, and every option with its value, defaults too.
pub(crate) fn to_toml(matches: &ArgMatches) -> Outcome<String> {
    let mut names: Vec<&str> = Vec::new();
    let root = commands::command();
    let (mut command, mut matches) = (&root, matches);
    while let Some((name, inner)) = matches.subcommand() {
        let Some(next) = command.find_subcommand(name) else { break };
        names.push(name);
        (command, matches) = (next, inner);
    }
    let mut table = Table::new();
    table.insert("command".into(), names.join(" ").into());
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        let is_file = ["config", "save-config", "help"].contains(&&*name(argument));
        if is_file || matches.value_source(id).is_none() {
            continue;
        }
        let value = match argument.get_action() {
            ArgAction::SetTrue => match matches.get_flag(id) {
                true => Value::Boolean(true),
                false => continue,
            },
            ArgAction::Count => match matches.get_count(id) {
                0 => continue,
                count => Value::Integer(count.into()),
            },
            _ => {
                let Some(raw) = matches.get_raw(id) else { continue };
                let mut raw: Vec<Value> =
                    raw.map(|value| Value::from(value.to_string_lossy().into_owned())).collect();
                let is_list = matches!(argument.get_action(), ArgAction::Append)
                    || argument.get_num_args().is_some_and(|count| count.max_values() > 1);
                match (is_list, raw.len()) {
                    (false, 1) => raw.remove(0),
                    _ => Value::Array(raw),
                }
            }
        };
        let is_default = matches.value_source(id) == Some(ValueSource::DefaultValue);
        if is_default && value.as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        table.insert(name(argument), value);
    }
    Ok(toml::to_string(&table)?)
}

static RUN: OnceLock<String> = OnceLock::new();

/// Keeps the options of this run, to be written beside its results.
pub(crate) fn keep(matches: &ArgMatches) -> Outcome {
    let text = to_toml(matches)?;
    RUN.get_or_init(|| text);
    Ok(())
}

/// Writes the options of this run to a file.
pub(crate) fn write(path: &Path) -> Outcome {
    let text = RUN.get().map_or("", String::as_str);
    dnabert::core::file::write(path, text.as_bytes())
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok(())
}

/// Writes the options of this run to `run.toml` of the folder that it writes to.
pub(crate) fn write_beside(folder: &Path) -> Outcome {
    write(&folder.join("run.toml"))
}
