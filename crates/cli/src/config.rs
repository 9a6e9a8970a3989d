//! Options from a file (`--config run.toml`), and the file that repeats a run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, Id};
use toml::{Table, Value};

use crate::commands;
use crate::failure::{Outcome, usage};
use crate::files;

/// Parses the command line. Options of a `--config` file come first, so that options of the command
/// line override them.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Outcome<ArgMatches> {
    let arguments: Vec<OsString> = arguments.collect();
    let mut command = commands::command();
    let Some(file) = config_file(&arguments) else {
        return Ok(command.try_get_matches_from(arguments)?);
    };
    let text = files::read(&file)?;
    let table: Table =
        text.parse().map_err(|error| usage(format!("{}: {error}", file.display())))?;
    // Assigns the numbers of positional arguments, and adds the global options to the subcommands.
    command.build();
    let arguments = with_config(&command, &arguments, table, &file)?;
    Ok(command.try_get_matches_from(arguments)?)
}

/// The file of `--config`.
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

/// The arguments, with those of the table inserted after the names of the subcommands.
fn with_config(
    root: &Command,
    arguments: &[OsString],
    mut table: Table,
    file: &Path,
) -> Outcome<Vec<OsString>> {
    let wrong = |message: String| usage(format!("{}: {message}", file.display()));
    let named: Vec<String> = match table.remove("command") {
        Some(Value::String(path)) => path.split_whitespace().map(str::to_owned).collect(),
        Some(other) => return Err(wrong(format!("command = {other}: a name is expected"))),
        None => Vec::new(),
    };
    // Names of subcommands come first, where the caller gives them.
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
    let on_command_line = given_options(root, whole.iter().chain(rest));
    let mut positional: Vec<(usize, Vec<OsString>)> = Vec::new();
    for (key, value) in table {
        let argument = find(command, &key)
            .ok_or_else(|| wrong(format!("{key}: no such option of `{}`", command.get_name())))?;
        let values = values(&value).ok_or_else(|| {
            wrong(format!("{key} = {value}: a list, a text, a number or true is expected"))
        })?;
        // A default in the file must not count as given by the user: some options exclude each
        // other.
        let is_default = argument.get_default_values().iter().eq(values.iter());
        if is_default || on_command_line.iter().any(|id| id == argument.get_id()) {
            continue;
        }
        match argument.get_index() {
            Some(index) => positional.push((index, values)),
            None => push_option(&mut whole, argument, &value, values),
        }
    }
    whole.extend(rest.iter().cloned());
    positional.sort_by_key(|(index, _)| *index);
    whole.extend(positional.into_iter().flat_map(|(_, values)| values));
    Ok(whole)
}

/// The ids of the options and positional arguments of a command line.
fn given_options<'a>(root: &Command, line: impl Iterator<Item = &'a OsString>) -> Vec<Id> {
    // Positional arguments that are set in the file are missing here.
    let Ok(matches) = root.clone().ignore_errors(true).try_get_matches_from(line) else {
        return Vec::new();
    };
    let mut matches = &matches;
    while let Some((_, inner)) = matches.subcommand() {
        matches = inner;
    }
    let is_given = |id: &Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    matches.ids().filter(|id| is_given(id)).cloned().collect()
}

fn push_option(line: &mut Vec<OsString>, option: &Arg, value: &Value, values: Vec<OsString>) {
    let name = format!("--{}", name(option));
    let takes_several = option.get_num_args().is_some_and(|count| count.min_values() > 1);
    if !option.get_action().takes_values() {
        let count = match value {
            Value::Boolean(is_on) => usize::from(*is_on),
            Value::Integer(count) => usize::try_from(*count).unwrap_or(0),
            _ => 1,
        };
        line.extend(std::iter::repeat_n(OsString::from(name), count));
    } else if takes_several {
        line.push(name.into());
        line.extend(values);
    } else {
        for value in values {
            let mut option = OsString::from(format!("{name}="));
            option.push(value);
            line.push(option);
        }
    }
}

fn find<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|argument| name(argument) == key)
}

/// The name of an option in a file: its long name, or that of the positional argument.
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

/// The file that repeats a run: the command, and every option with its value, defaults included.
/// A comment names the version, since what an option means may change between versions.
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
                    raw.map(|value| typed(&value.to_string_lossy())).collect();
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
    let version = env!("CARGO_PKG_VERSION");
    Ok(format!("# Written by dnabert {version}.\n{}", toml::to_string(&table)?))
}

/// A number, if its text form is the same as the given text.
fn typed(text: &str) -> Value {
    let integer = text.parse().ok().map(Value::Integer);
    let float = text.parse().ok().map(Value::Float);
    let number = integer.or(float).filter(|number| number.to_string() == text);
    number.unwrap_or_else(|| Value::from(text))
}

static RUN: OnceLock<String> = OnceLock::new();

/// Stores the options of this run, to be written with its results.
pub(crate) fn keep(matches: &ArgMatches) -> Outcome {
    let text = to_toml(matches)?;
    RUN.get_or_init(|| text);
    Ok(())
}

/// Writes the options of this run to a file.
pub(crate) fn write(path: &Path) -> Outcome {
    let text = RUN.get().map_or("", String::as_str);
    files::write(path, text)
}

/// Writes the options of this run to `run.toml` in its output folder.
pub(crate) fn write_beside(folder: &Path) -> Outcome {
    write(&folder.join("run.toml"))
}
