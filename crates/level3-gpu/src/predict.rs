//! Reading digits from files with a model that was saved.

use std::path::Path;

use burn_flex::Flex;
use cli::{Record, misuse};
use serde_json::json;

use crate::args::Args;
use crate::digits::{Images, TEST_IMAGES, TRAINING_IMAGES, images_from_idx};
use crate::evaluate::Predictions;
use crate::handwriting;
use crate::model::{Cnn, SIDE};
use crate::on_device::OnDevice;
use crate::{files, mnist, picture};

/// Images of a file that are drawn, not only named.
const DRAWN: usize = 4;

/// Bytes of the largest file: a picture of 40 megapixels, hardly compressed.
const MOST_BYTES: usize = 200_000_000;

/// Images of an IDX file that are read: as many as MNIST has.
const MOST_IMAGES: usize = TRAINING_IMAGES + TEST_IMAGES;

/// Below this the network's best score is no answer.
const DOUBTFUL: f32 = 0.5;

/// Does what needs no training: `--predict` says which digits a file shows, `--check-data`
/// whether MNIST is there. Returns whether one of them was asked for.
///
/// # Errors
/// [`cli::Misuse`] if a file cannot be read, or shows no digit.
pub fn predict(args: &Args) -> anyhow::Result<bool> {
    if args.check_data {
        mnist::check(args)?;
        return Ok(true);
    }
    let Some((file, model)) = args.reading() else { return Ok(false) };
    // A record is appended to its file: to a model or a picture it would be damage.
    if args.run.json.iter().any(|json| [file, model].iter().any(|read| files::same(json, read))) {
        return Err(misuse("--json names a file that is to be read; it needs its own"));
    }
    let mut record = Record::open(args.run.json.as_deref(), 3, "level3_mnist")?;
    let network = Cnn::<Flex>::load(model, &Default::default())?;
    let images = images(file)?;
    let predictions =
        Predictions::of(&network, &OnDevice::new(&images, images.len(), &Default::default()))?;
    let says = |index: usize| {
        let (digit, sure) = predictions.best(index);
        let doubt = if sure < DOUBTFUL { "doubtful: no digit, or " } else { "" };
        format!("{doubt}{digit} at {:.0} %", 100.0 * sure)
    };
    println!("what the network sees:");
    let shown: Vec<_> =
        (0..images.len().min(DRAWN)).map(|index| (images.image(index), says(index))).collect();
    print!("{}", picture::draw(&shown, picture::greys()));
    (DRAWN..images.len()).for_each(|index| println!("image {}: {}", index + 1, says(index)));

    let readings: Vec<_> = (0..images.len())
        .map(|index| {
            let (prediction, confidence) = predictions.best(index);
            json!({ "prediction": prediction, "confidence": confidence })
        })
        .collect();
    record
        .setting("predict", file.to_string_lossy())
        .setting("model", model.to_string_lossy())
        .result("readings", readings)
        .append()?;
    Ok(true)
}

/// The digits in a PNG, JPEG or IDX file.
fn images(file: &Path) -> anyhow::Result<Images> {
    let bytes = files::read(file, MOST_BYTES)?;
    let refused = |reason: String| misuse(format!("cannot read {}: {reason}", file.display()));
    let pixels = if handwriting::is_picture(&bytes) {
        handwriting::prepare(&bytes).map_err(refused)?
    } else {
        let kinds = "it is no PNG or JPEG (save a HEIC as JPEG)";
        images_from_idx(&bytes)
            .map_err(|reason| refused(format!("{kinds}, and {reason}")))?
            .to_vec()
    };
    let count = pixels.len() / (SIDE * SIDE);
    if count > MOST_IMAGES {
        return Err(refused(format!("its {count} images are more than {MOST_IMAGES}")));
    }
    Ok(Images { labels: vec![0; count], pixels })
}
