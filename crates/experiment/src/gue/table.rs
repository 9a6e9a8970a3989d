//! Results on GUE as a table.

use super::GueResult;

/// Results on GUE as a table in Markdown: MCC × 100 with 95 % intervals, beside baselines and
/// published figures. Several seeds of a task are averaged; the interval is then the mean of theirs.
pub fn gue_table(results: &[GueResult]) -> String {
    let mut text = "| task | train rows × bp | ours (95 % interval) | seconds | k-mers | positions | placed k-mers | CNN | DNABERT \
                    | DNABERT-2 (♦) | best up to 500M | best | ours without shared 31-mers (rows) |\n"
        .to_owned();
    text += &format!("|{}\n", " --- |".repeat(13));
    let mut tasks: Vec<&str> = Vec::new();
    for result in results {
        if !tasks.contains(&result.task.as_str()) {
            tasks.push(&result.task);
        }
    }
    for task in tasks {
        let runs: Vec<&GueResult> = results.iter().filter(|run| run.task == task).collect();
        text += &row(&runs);
    }
    text
}

/// One task.
fn row(runs: &[&GueResult]) -> String {
    let first = runs[0];
    let mean = |value: &dyn Fn(&GueResult) -> f64| {
        runs.iter().map(|run| value(run)).sum::<f64>() / runs.len() as f64
    };
    let hundred = |value: f64| format!("{:.1}", 100.0 * value);
    let seeds = if runs.len() > 1 { format!(", {} seeds", runs.len()) } else { String::new() };
    let ours = format!(
        "**{}** ({} to {}{seeds})",
        hundred(mean(&|run| run.mcc)),
        hundred(mean(&|run| run.mcc_low)),
        hundred(mean(&|run| run.mcc_high))
    );
    let baselines: Vec<String> = (0..first.baselines.len())
        .map(|at| hundred(mean(&|run| run.baselines.get(at).map_or(f64::NAN, |one| one.mcc))))
        .collect();
    let published = match first.published() {
        Some(found) => format!(
            "{:.1} | {:.1} (♦ {:.1}) | {:.1} | {:.1} ({})",
            found.dnabert,
            found.dnabert_2,
            found.dnabert_2_further,
            found.up_to_500m,
            found.best,
            found.best_model
        ),
        None => "– | – | – | –".to_owned(),
    };
    let clean = match first.without_shared {
        Some(found) => format!(
            "{} ({})",
            hundred(mean(&|run| run.without_shared.map_or(f64::NAN, |found| found.mcc))),
            found.rows
        ),
        None => "–".to_owned(),
    };
    format!(
        "| {} | {} × {} | {ours} | {:.0} | {} | {published} | {clean} |\n",
        first.task,
        first.rows[0],
        first.bases,
        mean(&|run| run.seconds),
        baselines.join(" | ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gue::{GueBaseline, Scored};

    #[test]
    fn seeds_are_averaged_and_every_row_has_all_columns() {
        let result = |task: &str, seed, mcc| GueResult {
            task: task.to_owned(),
            seed,
            rows: [100, 10, 10],
            bases: 70,
            mcc,
            mcc_low: mcc - 0.1,
            mcc_high: mcc + 0.1,
            auroc: None,
            calibration_error: 0.0,
            without_shared: Some(Scored { rows: 9, mcc, mcc_low: 0.0, mcc_high: 1.0 }),
            parameters: 1,
            seconds: 2.0,
            baselines: ["a", "b", "c", "d"]
                .map(|name| GueBaseline {
                    method: name.to_owned(),
                    mcc: 0.5,
                    mcc_without_shared: None,
                    seconds: 0.0,
                })
                .to_vec(),
        };
        let all = [result("tf_0", 1, 0.7), result("tf_0", 2, 0.8), result("covid", 1, 0.25)];
        let text = gue_table(&all);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.matches('|').count() == 14), "{text}");
        assert!(lines[2].contains("**75.0** (65.0 to 85.0, 2 seeds)"), "{text}");
        assert!(lines[2].contains("| 72.0 (♦ 69.1) |"), "{text}");
        assert!(lines[3].contains("**25.0** (15.0 to 35.0) | 2 | 50.0"), "{text}");
    }
}
