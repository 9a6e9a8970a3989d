//! What a sample has of a variant: the GT and PS fields of VCF.

use crate::vcf::Variant;

/// The alleles of one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genotype {
    /// For each copy of the chromosome the allele: 0 is the reference, 1 the first alternate; `None` for `.`.
    pub alleles: Vec<Option<usize>>,
    /// Whether it is known which copy has which (`0|1`, not `0/1`).
    pub phased: bool,
    /// The phase set (PS): copies of variants of different sets are not the same copies.
    pub phase_set: Option<String>,
}

/// A sample's column that says no genotype.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: the genotype {found:?} of sample {sample} is not one of this variant's")]
pub struct GenotypeError {
    /// The line of the file, from 1.
    pub line: usize,
    /// The sample's number, from 1.
    pub sample: usize,
    /// What stands there.
    pub found: String,
}

impl Genotype {
    /// Whether all copies have the same known allele, so that their order says nothing.
    pub fn is_homozygous(&self) -> bool {
        let first = self.alleles.first().copied().flatten();
        first.is_some() && self.alleles.iter().all(|allele| *allele == first)
    }
}

/// The columns before the samples'.
const FIXED: usize = 9;

impl Variant {
    /// The genotype of a sample, by its number from 0; `None` where the line gives it none.
    ///
    /// ```
    /// use std::io::Write as _;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut file = tempfile::NamedTempFile::new()?;
    /// # write!(file, "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1\n\
    /// #     chr1\t5\t.\tA\tG\t.\t.\t.\tGT:PS\t0|1:77\n")?;
    /// let mut variants = dnabert_genome::vcf::Variants::open(file.path())?;
    /// let genotype = variants.next().unwrap()?.genotype(0)?.unwrap();
    /// assert_eq!((genotype.alleles, genotype.phased), (vec![Some(0), Some(1)], true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`GenotypeError`] for alleles that the variant does not have.
    pub fn genotype(&self, sample: usize) -> Result<Option<Genotype>, GenotypeError> {
        let mut columns = self.text.split('\t').skip(FIXED - 1);
        let (Some(format), Some(own)) = (columns.next(), columns.nth(sample)) else {
            return Ok(None);
        };
        let field = |key: &str| {
            let at = format.split(':').position(|name| name == key)?;
            own.split(':').nth(at).filter(|value| *value != "." && !value.is_empty())
        };
        let Some(found) = field("GT") else { return Ok(None) };
        let wrong =
            || GenotypeError { line: self.line, sample: sample + 1, found: found.to_owned() };
        // VCF 4.4 may say the phase of the first allele, too.
        let letters = found.strip_prefix(['|', '/']).unwrap_or(found);
        let alleles = letters
            .split(['|', '/'])
            .map(|allele| match allele {
                "." => Ok(None),
                _ => match allele.parse() {
                    Ok(allele) if allele <= self.alternates.len() => Ok(Some(allele)),
                    _ => Err(wrong()),
                },
            })
            .collect::<Result<Vec<Option<usize>>, _>>()?;
        Ok(Some(Genotype {
            phased: alleles.len() == 1 || !letters.contains('/'),
            alleles,
            phase_set: field("PS").map(str::to_owned),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vcf::Variants;

    fn genotypes(columns: &str) -> Vec<Result<Option<Genotype>, GenotypeError>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let head =
            "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb";
        std::fs::write(file.path(), format!("{head}\nc\t1\t.\tA\tG,T\t.\t.\t.\t{columns}\n"))
            .unwrap();
        let variant = Variants::open(file.path()).unwrap().next().unwrap().unwrap();
        (0..2).map(|sample| variant.genotype(sample)).collect()
    }

    #[test]
    fn phase_copies_and_sets_are_read() {
        let found = genotypes("GT:DP:PS\t0|2:9:5\t1/.");
        let first = found[0].clone().unwrap().unwrap();
        assert_eq!(first.alleles, [Some(0), Some(2)]);
        assert!(first.phased && first.phase_set.as_deref() == Some("5"));
        let second = found[1].clone().unwrap().unwrap();
        assert_eq!((second.alleles, second.phased), (vec![Some(1), None], false));
        let found = genotypes("GT\t1\t|1|1");
        assert!(found[0].clone().unwrap().unwrap().phased, "one copy needs no phase");
        assert!(found[1].clone().unwrap().unwrap().is_homozygous());
    }

    #[test]
    fn no_genotype_is_none_and_a_wrong_one_an_error() {
        assert_eq!(genotypes("DP\t3\t4"), [Ok(None), Ok(None)]);
        assert_eq!(genotypes("GT\t.\t0|1")[0], Ok(None));
        let found = genotypes("GT\t0|3\tx");
        let error = found[0].clone().unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 3: the genotype \"0|3\" of sample 1 is not one of this variant's"
        );
        assert!(found[1].is_err());
    }
}
