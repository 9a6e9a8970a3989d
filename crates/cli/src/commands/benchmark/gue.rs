//! GUE, the benchmark of DNABERT-2, in a folder of the user.

use std::path::{Path, PathBuf};

use clap::Args;
use dnabert::tasks::GueTask;
use dnabert::train::{Observer, ProgressBar};
use dnabert::{Auto, Datasets, Device, GueResult, gue_table, run_gue};

use super::Arguments;
use crate::console::{is_quiet, noteln, out, outln};
use crate::failure::{Outcome, usage};
use crate::files;

/// Which tasks of GUE are run.
#[derive(Debug, Args)]
#[command(next_help_heading = "The benchmark gue")]
pub(super) struct GueOptions {
    /// Folder of GUE: GROUP/TASK/train.csv, dev.csv and test.csv, plain or .gz
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Tasks to run, such as prom_core_tata or tf_0 [default: all that are in the folder]
    #[arg(long, value_delimiter = ',', requires = "root")]
    tasks: Vec<GueTask>,
    /// Train this many times, with the seeds from --seed on
    #[arg(long, default_value_t = 1, requires = "root", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
}

impl GueOptions {
    /// The folder of GUE, if one was named.
    pub(super) fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }
}

/// The last file of a run: its result, and the settings that gave it.
const RESULT: &str = "result.json";

/// Runs all tasks. Those whose results are in the output folder are not run again.
pub(super) fn run(arguments: &Arguments, datasets: &Datasets) -> Outcome {
    let GueOptions { root, tasks, seeds } = &arguments.gue;
    let Some(root) = root else {
        return Err(usage("gue: name the folder with its tables by --root"));
    };
    if arguments.crop.is_set() {
        return Err(usage("gue: its rows are read whole; leave out --crop and --offset-negatives"));
    }
    let workers = arguments.device.backend().workers();
    let Some(auto) = arguments.training.auto(true, workers)? else {
        return Err(usage("gue: it is run with the recipe auto; leave out options of networks"));
    };
    let tasks = if tasks.is_empty() { GueTask::ALL.to_vec() } else { tasks.clone() };
    let out = arguments.out.clone().unwrap_or_else(|| "runs/gue".into());
    files::check_folder(&out)?;
    let (present, absent): (Vec<GueTask>, Vec<GueTask>) =
        tasks.into_iter().partition(|task| task.folder(root).is_some());
    if present.is_empty() {
        return Err(usage(format!("{}: no task of GUE is there", root.display())));
    }
    if !absent.is_empty() {
        let names: Vec<&str> = absent.into_iter().map(GueTask::name).collect();
        noteln!("not in {}: {}", root.display(), names.join(", "));
    }
    let device = arguments.device.open()?;
    let mut results = Vec::new();
    let runs = (0..*seeds).flat_map(|more| present.iter().map(move |task| (*task, more)));
    for (number, (task, more)) in runs.enumerate() {
        let auto = Auto { seed: auto.seed + more, ..auto.clone() };
        let folder = out.join(format!("{task}-{}", auto.seed));
        let result = match kept(&folder, &auto)? {
            Some(result) => result,
            None => {
                let all = present.len() as u64 * seeds;
                noteln!("\n{task}, seed {}: {} of {all}", auto.seed, number + 1);
                one(task, root, &auto, datasets, &device, &folder)?
            }
        };
        results.push(result);
        // Written anew after each run: one that is stopped leaves the results so far.
        let json = serde_json::to_string_pretty(&results)?;
        files::write(&out.join("results.json"), (json + "\n").as_bytes())?;
        files::write(&out.join("results.md"), gue_table(&results).as_bytes())?;
    }
    crate::config::write_beside(&out)?;
    if arguments.json {
        outln!("{}", serde_json::to_string_pretty(&results)?);
    } else {
        out!("{}", gue_table(&results));
    }
    noteln!("wrote results.json, results.md, and a folder for each run to {}", out.display());
    Ok(())
}

/// Runs one task, and writes its folder; `result.json`, the last file, says that it is done.
fn one(
    task: GueTask,
    root: &Path,
    auto: &Auto,
    datasets: &Datasets,
    device: &Device,
    folder: &Path,
) -> Outcome<GueResult> {
    let mut bar = ProgressBar::default();
    let observer: &mut dyn Observer = if is_quiet() { &mut () } else { &mut bar };
    let found = run_gue(task, root, auto, datasets, device, observer)?;
    let (result, outcome) = found.ok_or_else(|| format!("{task}: its tables are gone"))?;
    outcome.write(folder)?;
    let kept = Kept { settings: settings(auto), result };
    let json = serde_json::to_string_pretty(&kept)?;
    files::write(&folder.join(RESULT), (json + "\n").as_bytes())?;
    Ok(kept.result)
}

/// A result, and the settings that gave it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Kept {
    settings: String,
    result: GueResult,
}

fn settings(auto: &Auto) -> String {
    let Auto { budget, seed, both_strands, ambiguity, truncate, .. } = auto;
    format!(
        "dnabert {}, {budget:?}, seed {seed}, strands {both_strands:?}, {ambiguity:?}, truncate {truncate}",
        env!("CARGO_PKG_VERSION")
    )
}

/// The result of an earlier run with the same settings.
fn kept(folder: &Path, auto: &Auto) -> Outcome<Option<GueResult>> {
    let path = folder.join(RESULT);
    if !path.is_file() {
        return Ok(None);
    }
    let kept: Kept = serde_json::from_str(&files::read(&path)?)
        .map_err(|error| format!("{}: {error}; remove it to run the task again", path.display()))?;
    if kept.settings != settings(auto) {
        let place = folder.display();
        return Err(format!(
            "{place} has a result with other settings ({}): choose another --out, or remove it",
            kept.settings
        )
        .into());
    }
    Ok(Some(kept.result))
}
