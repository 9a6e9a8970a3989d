//! Which tokens pre-training hides, from recorded draws.

use dnabert::kmer::{Draws, KmerMasking};

use crate::ledger::{Ledger, Tolerance};
use crate::tokens::{items, json, numbers};

const FILE: &str = "io/mlm_masking.json";

pub(crate) fn compare(ledger: &mut Ledger) {
    let all = json(ledger, FILE);
    for (index, case) in items(&all["cases"]).iter().enumerate() {
        let k = case["k"].as_u64().unwrap() as usize;
        let centre = case["mlm_probability"].as_f64().unwrap();
        let masking = KmerMasking::with_centres(k, centre).unwrap().like_reference();
        for row in 0..items(&case["input_ids"]).len() {
            let of = |name: &str| numbers(&case[name][row]);
            let ids: Vec<u32> = of("input_ids").into_iter().map(|id| id as u32).collect();
            let [centres, replaces, randoms, words] =
                ["u_center", "u_replace", "u_random", "random_words"].map(of);
            let draws: Vec<Draws> = (0..ids.len())
                .map(|place| Draws {
                    centre: centres[place],
                    replace: replaces[place],
                    random: randoms[place],
                    word: words[place] as u32,
                })
                .collect();
            let found = masking.apply(&ids, &draws);
            let mut labels = vec![-100.0; ids.len()];
            for (&place, &target) in found.places.iter().zip(&found.targets) {
                labels[place] = f64::from(target);
            }
            let name = format!("case {index} (k = {k}) row {row}");
            ledger.compare(FILE, &name, found.ids, of("masked_inputs"), Tolerance::EXACT);
            ledger.compare(FILE, &name, labels, of("labels"), Tolerance::EXACT);
        }
    }
}
