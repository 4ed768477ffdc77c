//! Killed, and back: all that a training needs to go on where it was.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::Optimizer;
use burn::record::Recorder;
use cli::misuse;
use serde_json::{Value, json};

use crate::backend::Training;
use crate::files::{self, checksum};
use crate::model::{Cnn, MOST_BYTES, recorder};
use crate::plan::Plan;

/// A file with a network, its optimiser, and how many steps they have made. Its first line says of
/// which training.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
    training: Value,
}

/// How far a training is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    /// Steps so far, in all epochs.
    pub(crate) steps: usize,
    /// The last loss that was read.
    pub(crate) loss: f32,
}

impl Checkpoint {
    /// The file at `path`, for this plan. The number of epochs may change: a training can go on longer.
    pub(crate) fn new(path: &Path, plan: &Plan, data: &str) -> Self {
        let Plan { batch_size, images, seed, .. } = plan;
        let training =
            json!({ "batch_size": batch_size, "images": images, "seed": seed, "data": data });
        Self { path: path.to_path_buf(), training }
    }

    /// Writes everything into a new file that takes the place of the old one, so there is always a
    /// whole one.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn save<B: Training>(
        &self,
        place: Place,
        model: &Cnn<B>,
        adam: &impl Optimizer<Cnn<B>, B>,
    ) -> anyhow::Result<()> {
        let both = (model.clone().into_record(), adam.to_record());
        let state = recorder().record(both, ())?;
        let about = json!({
            "checkpoint_of": "level3_mnist",
            "training": self.training,
            "steps": place.steps,
            "loss": place.loss,
            "sha256": checksum(&state),
        });
        let line = format!("{about}\n").into_bytes();
        cli::replace_file(&self.path, &[line, state].concat())
    }

    /// Puts the network and its optimiser where they were when [`Checkpoint::save`] wrote the file.
    /// At the beginning if there is no file yet.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the file is damaged, or none of this training.
    pub(crate) fn resume<B: Training, O: Optimizer<Cnn<B>, B>>(
        &self,
        model: &mut Cnn<B>,
        adam: &mut O,
    ) -> anyhow::Result<Place> {
        if !self.path.exists() {
            return Ok(Place::default());
        }
        let refused = |why: &str| {
            let path = self.path.display();
            misuse(format!("{path} is {why}: name another file with --checkpoint, or remove it"))
        };
        let bytes = files::read(&self.path, MOST_BYTES)?;
        let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(0);
        let about: Value = serde_json::from_slice(&bytes[..end]).unwrap_or_default();
        let (there, here) = (&about["training"], &self.training);
        if there != here {
            return Err(refused(&format!("of another training, {there}, and this is {here}")));
        }
        let state = &bytes[end + 1..];
        let steps = about["steps"].as_u64().filter(|_| about["sha256"] == checksum(state));
        let steps = steps.ok_or_else(|| refused("a damaged checkpoint"))? as usize;
        let loaded = recorder().load(state.to_vec(), &Default::default());
        let (network, optimiser) = loaded.map_err(|_| refused("of another network"))?;
        *model = model.clone().load_record(network);
        *adam = adam.clone().load_record(optimiser);
        Ok(Place { steps, loss: about["loss"].as_f64().map_or(f32::NAN, |loss| loss as f32) })
    }
}

/// Whether a file begins as [`Checkpoint::save`] writes it, whichever training it belongs to.
pub(crate) fn is_checkpoint(begin: &[u8]) -> bool {
    begin.starts_with(br#"{"checkpoint_of":"level3_mnist""#)
}
