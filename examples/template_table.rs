//! A table in your own project: read a CSV file and draw from it at random, on all cores.
//! Outside this repository, whose folder is WORKSHOP here:
//! ```text
//! cargo new mine && cd mine
//! cp WORKSHOP/examples/template_table.rs src/main.rs
//! cargo add anyhow csv rayon && cargo add rand@0.9
//! printf 'day,rain\n1,0.5\n2,4.0\n3,1.5\n' > rain.csv
//! cargo run --release
//! ```
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;

/// The mean of a sample, drawn with repetition. Its number is the seed, so it is the same whoever draws.
fn mean_of_sample(values: &[f64], number: u64) -> f64 {
    let mut random = StdRng::seed_from_u64(number);
    let drawn = values.iter().map(|_| values[random.random_range(0..values.len())]);
    drawn.sum::<f64>() / values.len() as f64
}

fn main() -> anyhow::Result<()> {
    let mut table = csv::Reader::from_path("rain.csv")?; // the first line has the names
    let column = table.records().map(|row| Ok(row?[1].parse()?)); // the second column, as a number
    let values: Vec<f64> = column.collect::<anyhow::Result<_>>()?;
    let sample = |number| mean_of_sample(&values, number);
    let mut means: Vec<f64> = (0..10_000).into_par_iter().map(sample).collect(); // <- all share it
    means.sort_by(f64::total_cmp);
    println!("{} days, mean {:.2} to {:.2} (95 %)", values.len(), means[250], means[9_750]);
    Ok(())
}
