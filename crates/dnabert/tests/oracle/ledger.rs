//! Which file was compared, with how many values, and how far apart they were.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use dnabert::Precision;

use crate::place::precision;

/// How far a value may lie from the expected one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolerance {
    /// What is compared, for the summary.
    quantity: &'static str,
    absolute: f64,
    relative: f64,
    /// In place of `absolute`, for what a network computes in f16, in bf16 and in int8.
    half: Option<[f64; 3]>,
}

impl Tolerance {
    pub(crate) const EXACT: Self = Self::absolute(0.0);
    pub(crate) const HIDDEN: Self = Self::network("hidden states", 2e-5, [2e-2, 0.15, 0.3]);
    pub(crate) const ATTENTION: Self = Self::network("attention weights", 1e-5, [3e-3, 0.03, 0.05]);
    pub(crate) const POSITION_BIAS: Self = Self::network("position biases", 1e-5, [2e-2, 0.1, 0.1]);
    pub(crate) const LOGITS: Self = Self::network("logits", 1e-4, [0.1, 0.5, 1.0]);
    pub(crate) const PROBABILITY: Self = Self::network("probabilities", 1e-5, [5e-3, 0.03, 0.05]);
    pub(crate) const LOSS: Self =
        Self { relative: 1e-5, ..Self::network("losses", 0.0, [3e-2, 0.1, 0.2]) };
    pub(crate) const GRADIENT: Self = Self { relative: 1e-4, ..Self::absolute(1e-5) };
    pub(crate) const TRAINING: Self = Self { relative: 1e-3, ..Self::EXACT };
    pub(crate) const FINAL_WEIGHTS: Self = Self::absolute(2e-4);
    pub(crate) const METRIC: Self = Self::absolute(1e-9);
    /// For weights that were stored in another precision than they are compared with.
    pub(crate) const HALF: Self =
        Self::network("weights in half precision", 1e-3, [1e-3, 1e-2, 1e-3]);

    pub(crate) const fn absolute(absolute: f64) -> Self {
        Self { quantity: "", absolute, relative: 0.0, half: None }
    }

    const fn network(quantity: &'static str, absolute: f64, half: [f64; 3]) -> Self {
        Self { quantity, absolute, relative: 0.0, half: Some(half) }
    }

    /// The largest difference from `expected` that passes.
    fn allowed(&self, expected: f64) -> f64 {
        match (precision(), self.half) {
            (Precision::F16, Some([f16, ..])) => f16,
            (Precision::Bf16, Some([_, bf16, _])) => bf16,
            (Precision::Int8, Some([.., int8])) => int8,
            _ => self.absolute + self.relative * expected.abs(),
        }
    }
}

/// What one file came to.
#[derive(Debug, Default)]
struct Account {
    values: usize,
    /// Difference, tolerance and name of the comparison closest to its tolerance, or beyond it.
    closest: Option<(f64, f64, String)>,
    failures: Vec<String>,
}

/// All files of one folder.
#[derive(Debug)]
pub(crate) struct Ledger {
    folder: PathBuf,
    accounts: BTreeMap<String, Account>,
    /// The largest difference of each quantity that a network computes.
    quantities: BTreeMap<&'static str, f64>,
}

impl Ledger {
    /// Opens the books; every file of `required` must gain values before they are closed.
    pub(crate) fn open(folder: PathBuf, required: &[&str]) -> Self {
        let accounts =
            required.iter().map(|file| ((*file).to_owned(), Account::default())).collect();
        let mut ledger = Self { folder, accounts, quantities: BTreeMap::new() };
        for file in required {
            if !ledger.path(file).is_file() {
                ledger.fail(file, "missing".to_owned());
            }
        }
        ledger
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// Notes a failure that is no difference between numbers.
    pub(crate) fn fail(&mut self, file: &str, reason: String) {
        self.accounts.entry(file.to_owned()).or_default().failures.push(reason);
    }

    /// Runs `compare`; its error is noted for `file`, and a panic ends the test.
    pub(crate) fn attempt<T, E: std::fmt::Display>(
        &mut self,
        file: &str,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.fail(file, error.to_string())).ok()
    }

    /// Compares two rows of numbers, value by value.
    pub(crate) fn compare<A, B>(
        &mut self,
        file: &str,
        name: &str,
        found: impl IntoIterator<Item = A>,
        expected: impl IntoIterator<Item = B>,
        tolerance: Tolerance,
    ) where
        A: Into<f64>,
        B: Into<f64>,
    {
        let account = self.accounts.entry(file.to_owned()).or_default();
        let found: Vec<f64> = found.into_iter().map(Into::into).collect();
        let expected: Vec<f64> = expected.into_iter().map(Into::into).collect();
        if found.len() != expected.len() {
            let reason = format!("{name}: {} values, not {}", found.len(), expected.len());
            account.failures.push(reason);
            return;
        }
        for (index, (&found, &expected)) in found.iter().zip(&expected).enumerate() {
            let difference = (found - expected).abs();
            let allowed = tolerance.allowed(expected);
            if !tolerance.quantity.is_empty() {
                let largest = self.quantities.entry(tolerance.quantity).or_default();
                *largest = largest.max(difference);
            }
            // Written so that NaN fails.
            let within = difference <= allowed;
            if !within && account.failures.len() < 5 {
                account.failures.push(format!("{name}[{index}]: {found}, not {expected}"));
            }
            let share = |difference: f64, allowed: f64| {
                if allowed > 0.0 { difference / allowed } else { difference }
            };
            let further = match &account.closest {
                Some((d, a, _)) => share(difference, allowed) > share(*d, *a),
                None => true,
            };
            if further {
                account.closest = Some((difference, allowed, name.to_owned()));
            }
        }
        account.values += found.len();
    }

    /// Compares two texts; each counts as one value.
    pub(crate) fn compare_text(&mut self, file: &str, name: &str, found: &str, expected: &str) {
        let account = self.accounts.entry(file.to_owned()).or_default();
        account.values += 1;
        if found != expected {
            account.failures.push(format!("{name}: {found:?}, not {expected:?}"));
        }
    }

    /// Prints the lines and gives the verdict.
    pub(crate) fn close(self) -> ExitCode {
        let mut failed = 0;
        println!("\ncomparing with {}", self.folder.display());
        for (file, account) in &self.accounts {
            let closest =
                account.closest.as_ref().map_or(String::new(), |(found, allowed, name)| {
                    format!("  largest difference {found:.1e} of {allowed:.1e} allowed ({name})")
                });
            let good = account.failures.is_empty() && account.values > 0;
            let verdict = if good { "ok    " } else { "FAILED" };
            println!("{verdict} {file:<44} {:>7} values{closest}", account.values);
            for failure in &account.failures {
                println!("         {failure}");
            }
            if account.values == 0 {
                println!("         nothing was compared");
            }
            failed += usize::from(!good);
        }
        for (quantity, difference) in &self.quantities {
            println!("largest difference of {quantity:<26} {difference:.1e}");
        }
        let passed = self.accounts.len() - failed;
        println!("\noracle: {passed} passed, {failed} failed\n");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
