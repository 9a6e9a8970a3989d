//! Classes of sequences: program b of the design, in one breath.
use dnabert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::open("../../datasets/models/splice-fly", &device(None)?)?;
    let sequences: Vec<Sequence> = vec!["ACGTTGCA".repeat(25).parse()?];
    for class in model.predictor()?.predict_labels(&sequences)? {
        println!("{} {:.3}", class.label, class.probability);
        assert_eq!(class.label, "neither");
    }
    Ok(())
}
