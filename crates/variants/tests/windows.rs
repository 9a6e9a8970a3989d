//! Properties of changes and their windows.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Write as _;
use std::path::PathBuf;

use dnabert_core::{LetterPolicy, Sequence};
use dnabert_genome::Genome;
use dnabert_variants::{Change, Kind, Skipped, Windows, apply};
use proptest::prelude::*;

/// A genome of one chromosome.
fn genome(bases: &str) -> (tempfile::TempDir, Genome) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("g.fa");
    writeln!(std::fs::File::create(&path).unwrap(), ">c\n{bases}").unwrap();
    let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
    (folder, genome)
}

fn change(start: usize, reference: &str, alternate: &str) -> Change {
    let [reference, alternate] = [reference, alternate].map(|text| text.parse().unwrap());
    Change { chromosome: "c".into(), start, reference, alternate }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_reference_allele_has_no_effect(
        bases in "[ACGT]{60,80}", start in 0_usize..50, length in 0_usize..6,
    ) {
        let (_folder, genome) = genome(&bases);
        let own = &bases[start..start + length];
        let change = change(start, own, own);
        prop_assert_eq!(change.kind(), Kind::None);
        let windows = Windows::new(&genome, &change, 20, 5).unwrap().unwrap();
        let along = windows.along();
        prop_assert_eq!(&along.reference, &along.alternate);
        prop_assert!(along.reference.iter().all(|placed| placed.window.len() == 20));
        let [one, other] = windows.middle();
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_change_and_its_inverse_restore_the_sequence(
        bases in "[ACGT]{40}", start in 0_usize..30, length in 0_usize..8, alternate in "[ACGT]{0,8}",
    ) {
        let sequence: Sequence = bases.parse().unwrap();
        let change = change(start, &bases[start..start + length], &alternate);
        let changed = apply(&sequence, 0, std::slice::from_ref(&change)).unwrap();
        let restored = apply(&changed, 0, &[change.inverse()]).unwrap();
        prop_assert_eq!(restored, sequence);
    }

    #[test]
    fn a_shifted_indel_has_the_same_windows(
        unit in "[ACGT]{1,3}", repeats in 3_usize..6, left in "[ACGT]{30}", right in "[ACGT]{30}",
        first in 0_usize..3, second in 0_usize..3, is_deletion: bool,
    ) {
        let bases = format!("{left}{}{right}", unit.repeat(repeats));
        let (_folder, genome) = genome(&bases);
        let at = |copy: usize| {
            let start = left.len() + copy * unit.len();
            if is_deletion { change(start, &unit, "") } else { change(start, "", &unit) }
        };
        let [one, other] = [first, second].map(|copy| at(copy).normalized(&genome).unwrap());
        prop_assert_eq!(&one, &other);
        // With an anchor base, as in VCF, it is the same.
        let mut anchored = at(first);
        let anchor = &bases[anchored.start - 1..anchored.start];
        anchored.reference = format!("{anchor}{}", anchored.reference).parse().unwrap();
        anchored.alternate = format!("{anchor}{}", anchored.alternate).parse().unwrap();
        anchored.start -= 1;
        prop_assert_eq!(&anchored.normalized(&genome).unwrap(), &one);
        // The normal form makes the same sequence.
        let whole: Sequence = bases.parse().unwrap();
        let expected = apply(&whole, 0, &[at(first)]).unwrap();
        prop_assert_eq!(apply(&whole, 0, std::slice::from_ref(&one)).unwrap(), expected);
        let [a, b] = [one, other].map(|change| Windows::new(&genome, &change, 24, 4).unwrap().unwrap());
        prop_assert_eq!(a.along(), b.along());
    }

    #[test]
    fn every_window_is_part_of_its_allele(
        bases in "[ACGT]{50,90}", start in 0_usize..45, length in 0_usize..5, alternate in "[ACGT]{0,5}",
    ) {
        let (_folder, genome) = genome(&bases);
        let change = change(start, &bases[start..start + length], &alternate);
        let changed = apply(&bases.parse().unwrap(), 0, std::slice::from_ref(&change)).unwrap();
        let windows = Windows::new(&genome, &change, 24, 6).unwrap().unwrap();
        let along = windows.along();
        prop_assert!(along.reference.iter().all(|placed| bases.contains(placed.window.as_str())));
        let whole = changed.as_str();
        prop_assert!(along.alternate.iter().all(|placed| whole.contains(placed.window.as_str())));
        // Partners are mutual; left and right of the change they share the bases on that side.
        for (index, placed) in along.reference.iter().enumerate() {
            for &partner in &placed.partners {
                let other = &along.alternate[partner];
                prop_assert!(other.partners.contains(&index));
                let middle = 12;
                if placed.at > length as isize {
                    prop_assert_eq!(&placed.window.as_str()[middle..], &other.window.as_str()[middle..]);
                } else if placed.at < 0 {
                    prop_assert_eq!(&placed.window.as_str()[..middle], &other.window.as_str()[..middle]);
                }
            }
        }
        // Both middle windows contain their allele.
        let [reference, other] = windows.middle();
        let same = change.reference == change.alternate;
        prop_assert!(same || reference != other || change.kind() == Kind::None);
        prop_assert!(reference.as_str().contains(change.reference.as_str()));
        prop_assert!(other.as_str().contains(change.alternate.as_str()));
    }
}

#[test]
fn the_change_is_in_the_middle_and_flanks_are_unchanged() {
    let (_folder, genome) = genome("AAAACCCCGGGGTTTTACGTACGT");
    let windows = Windows::new(&genome, &change(11, "G", "T"), 8, 0).unwrap().unwrap();
    let [reference, alternate] = windows.middle();
    assert_eq!((reference.as_str(), alternate.as_str()), ("CGGGGTTT", "CGGGTTTT"));
    // Each allele has equal flanks on the left and on the right.
    let windows = Windows::new(&genome, &change(10, "GG", ""), 8, 0).unwrap().unwrap();
    let [reference, alternate] = windows.middle();
    assert_eq!((reference.as_str(), alternate.as_str()), ("CGGGGTTT", "CCGGTTTT"));
    // At the ends of the chromosome windows are moved inward.
    let windows = Windows::new(&genome, &change(0, "A", "C"), 8, 2).unwrap().unwrap();
    assert_eq!(windows.middle().map(|window| window.to_string()), ["AAAACCCC", "CAAACCCC"]);
    let windows = Windows::new(&genome, &change(23, "T", "A"), 8, 0).unwrap().unwrap();
    assert_eq!(windows.middle().map(|window| window.to_string()), ["ACGTACGT", "ACGTACGA"]);
    let windows = Windows::new(&genome, &change(20, "ACGT", ""), 8, 0).unwrap().unwrap();
    assert_eq!(windows.middle().map(|window| window.to_string()), ["ACGTACGT", "TTTTACGT"]);
}

#[test]
fn changes_without_windows_have_a_reason() {
    let (_folder, genome) = genome("AAAACCCCGGGGNTTTACGTACGT");
    let reason =
        |change: &Change, width| Windows::new(&genome, change, width, 0).unwrap().unwrap_err();
    assert_eq!(reason(&change(3, "A", "C"), 30), Skipped::Width);
    assert_eq!(reason(&change(3, "A", "CCCCCCCCC"), 8), Skipped::Width);
    assert_eq!(reason(&change(11, "G", "C"), 8), Skipped::Ambiguous);
    assert_eq!(reason(&change(3, "C", "A"), 4), Skipped::Reference);
    assert_eq!(reason(&change(23, "TT", "A"), 4), Skipped::Place);
    let elsewhere = Change { chromosome: "d".into(), ..change(3, "A", "C") };
    assert_eq!(reason(&elsewhere, 4), Skipped::Place);
}

#[test]
fn changes_of_a_haplotype_are_applied_together() {
    let sequence: Sequence = "AAAACCCCGGGG".parse().unwrap();
    let both = [change(108, "G", "T"), change(104, "CC", "")];
    assert_eq!(apply(&sequence, 100, &both).unwrap().as_str(), "AAAACCTGGG");
    assert!(apply(&sequence, 100, &[change(104, "CC", ""), change(105, "C", "A")]).is_none());
    assert!(apply(&sequence, 100, &[change(99, "C", "A")]).is_none());
    assert!(apply(&sequence, 100, &[change(111, "GG", "A")]).is_none());
}

#[test]
fn the_kind_is_that_of_the_trimmed_change() {
    for (reference, alternate, kind) in [
        ("A", "C", Kind::Snv),
        ("AC", "AG", Kind::Snv),
        ("AC", "GT", Kind::Mnv),
        ("A", "AC", Kind::Insertion),
        ("ACC", "A", Kind::Deletion),
        ("AC", "GTT", Kind::Complex),
    ] {
        assert_eq!(change(0, reference, alternate).kind(), kind, "{reference} {alternate}");
    }
}
