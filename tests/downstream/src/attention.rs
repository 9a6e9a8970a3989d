//! The attention to each base of a sequence.
use dnabert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::open("../../datasets/models/ctcf-gm12878", &device(None)?)?;
    let sequence: Sequence = "GCGCCACCTAGTGGTCA".repeat(5).parse()?;
    let track = model.attention().track(&sequence)?;
    assert_eq!(track.len(), sequence.len());
    Ok(println!("{track:.2?}"))
}
