//! VCF with genotypes: no panic; the same with other line ends.
#![no_main]

use dnabert_fuzz::{as_dos, write};
use dnabert_genome::vcf::Variants;
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8]) -> Option<String> {
    let variants = Variants::open(write("x.vcf", bytes)).ok()?;
    let samples = variants.samples().len();
    let mut found = format!("{:?}", variants.header());
    for variant in variants {
        let variant = variant.ok()?;
        let genotypes: Vec<_> =
            (0..samples.min(3)).map(|sample| variant.genotype(sample).ok()).collect();
        found += &format!("{variant:?} {} {genotypes:?}", variant.position());
    }
    Some(found)
}

fuzz_target!(|data: &[u8]| {
    let found = read(data);
    if let Some(dos) = as_dos(data) {
        assert_eq!(read(&dos), found);
    }
});
