//! Reading digits from files with a model that was saved.

use std::path::Path;

use anyhow::Context;
use burn_flex::Flex;
use cli::{Record, RunFlags, cannot_read};
use serde_json::json;

use crate::digits::{Images, images_from_idx};
use crate::evaluate::Predictions;
use crate::model::{Cnn, SIDE};
use crate::on_device::OnDevice;
use crate::{files, handwriting, picture};

/// Images of a file that are drawn, not only named.
const DRAWN: usize = 4;

/// Bytes of the largest file: a picture of 40 megapixels, hardly compressed.
const MOST_BYTES: usize = 200_000_000;

/// Below this the network's best score is no answer.
const DOUBTFUL: f32 = 0.5;

/// Says which digits a file shows, with the network of another file, and notes them in the record.
///
/// # Errors
/// [`cli::Misuse`] if a file cannot be read, or shows no digit.
pub fn predict(file: &Path, model: &Path, run: &RunFlags) -> anyhow::Result<()> {
    let mut record = Record::open(run.json.as_deref(), 3, "level3_mnist")?;
    let device = Default::default();
    let network = Cnn::<Flex>::load(model, &device).context("--model")?;
    let images = images(file).context("--predict")?;
    let predictions = Predictions::of(&network, &OnDevice::new(&images, images.len(), &device))?;
    let says = |index: usize| {
        let (digit, sure) = predictions.best(index);
        let doubt = if sure < DOUBTFUL { "doubtful: no digit, or " } else { "" };
        format!("{doubt}{digit} at {:.0} %", 100.0 * sure)
    };
    println!("what the network sees:");
    let shown: Vec<_> =
        (0..images.len().min(DRAWN)).map(|index| (images.image(index), says(index))).collect();
    print!("{}", picture::draw(&shown, cli::colour()));
    (DRAWN..images.len()).for_each(|index| println!("image {}: {}", index + 1, says(index)));

    let reading = |index| {
        let (prediction, confidence) = predictions.best(index);
        json!({ "prediction": prediction, "confidence": confidence })
    };
    record
        .setting("predict", file.to_string_lossy())
        .setting("model", model.to_string_lossy())
        .result("readings", (0..images.len()).map(reading).collect::<Vec<_>>())
        .append()
}

/// The digits in a PNG, JPEG or IDX file.
fn images(file: &Path) -> anyhow::Result<Images> {
    let bytes = files::read(file, MOST_BYTES)?;
    let pixels = if handwriting::is_picture(&bytes) {
        handwriting::prepare(&bytes)
    } else {
        let kinds = "it is no PNG or JPEG (save a HEIC as JPEG)";
        images_from_idx(&bytes)
            .map(<[u8]>::to_vec)
            .map_err(|reason| format!("{kinds}, and {reason}"))
    };
    let pixels = pixels.map_err(|reason| cannot_read(file, reason))?;
    Ok(Images { labels: vec![0; pixels.len() / (SIDE * SIDE)], pixels })
}
