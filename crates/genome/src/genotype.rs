//! Genotypes of samples: the GT and PS fields of VCF.

use crate::vcf::Variant;

/// The alleles that one sample has at a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genotype {
    /// The allele of each chromosome copy: 0 is the reference, 1 the first alternate, `None` is
    /// `.`.
    pub alleles: Vec<Option<usize>>,
    /// Whether it is known which copy has which allele (`0|1`, not `0/1`).
    pub phased: bool,
    /// The phase set (PS). The order of copies is comparable only between variants of one set.
    pub phase_set: Option<String>,
}

/// The error for a genotype that cannot be read or has alleles that the variant lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: the genotype {found:?} of sample {sample} is not valid for this variant")]
pub struct GenotypeError {
    /// The line of the file, from 1.
    pub line: usize,
    /// The number of the sample, from 1.
    pub sample: usize,
    /// The text of the genotype.
    pub found: String,
}

impl Genotype {
    /// Whether all copies have the same known allele, so that their order does not matter.
    pub fn is_homozygous(&self) -> bool {
        let first = self.alleles.first().copied().flatten();
        first.is_some() && self.alleles.iter().all(|allele| *allele == first)
    }
}

/// The number of columns before those of the samples.
const FIXED: usize = 9;

impl Variant {
    /// The genotype of a sample by its index, or `None` if the line has no genotype for it.
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
    /// [`GenotypeError`] for a genotype that cannot be read or has alleles that the variant lacks.
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
        // VCF 4.4 allows a phase mark before the first allele, too.
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
    fn phase_and_phase_sets_are_read() {
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
    fn a_missing_genotype_is_none_and_an_invalid_one_is_an_error() {
        assert_eq!(genotypes("DP\t3\t4"), [Ok(None), Ok(None)]);
        assert_eq!(genotypes("GT\t.\t0|1")[0], Ok(None));
        let found = genotypes("GT\t0|3\tx");
        let error = found[0].clone().unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 3: the genotype \"0|3\" of sample 1 is not valid for this variant"
        );
        assert!(found[1].is_err());
    }
}
