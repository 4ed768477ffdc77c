//! Where compiled kernels are kept, so that only the first run on a kind of GPU waits for them.

use std::path::Path;

use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

/// Keeps kernels where `cubecl.toml` says, in a folder for each kind of GPU: Burn looks them up
/// without asking for which GPU they were made, and on another they fail.
///
/// The file is looked for from the folder in which the program was started upwards, then from the
/// program's own, so that kernels are found again wherever it is started.
pub(crate) fn keep(gpu: &str) {
    let [here, program] =
        [std::env::current_dir(), std::env::current_exe()].map(Result::unwrap_or_default);
    let read = |folder: &Path| CubeClRuntimeConfig::from_file_path(folder.join("cubecl.toml")).ok();
    let config = here.ancestors().chain(program.ancestors()).find_map(read).unwrap_or_default();
    // Cargo keeps this file in its target folder.
    let target = program.ancestors().find(|folder| folder.join(".rustc_info.json").exists());
    CubeClRuntimeConfig::set(for_one_kind(config, target, gpu).override_from_env());
}

/// The settings with both caches in a folder of this kind of GPU.
fn for_one_kind(
    mut config: CubeClRuntimeConfig,
    target: Option<&Path>,
    gpu: &str,
) -> CubeClRuntimeConfig {
    let kind = gpu.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-").to_lowercase();
    let folder = |cache: CacheConfig| {
        let root = match (cache, target) {
            (CacheConfig::Target, Some(target)) => target.to_path_buf(),
            (other, _) => other.root(),
        };
        CacheConfig::File(root.join("kernels").join(&kind))
    };
    config.compilation.cache = Some(folder(config.compilation.cache.unwrap_or_default()));
    config.autotune.cache = folder(config.autotune.cache);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_gpu_has_its_own_folder_under_the_one_of_cubecl_toml() {
        let written = concat!(env!("CARGO_MANIFEST_DIR"), "/../../cubecl.toml");
        let config = CubeClRuntimeConfig::from_file_path(written).unwrap();
        let target = Some(Path::new("/scratch/target"));
        let config = for_one_kind(config, target, "NVIDIA RTX A6000");
        let folder = Path::new("/scratch/target/kernels/nvidia-rtx-a6000");
        assert_eq!(config.compilation.cache.unwrap().root(), folder);
        assert_eq!(config.autotune.cache.root(), folder);
    }

    #[test]
    fn a_folder_that_cubecl_toml_names_is_taken() {
        let mut config = CubeClRuntimeConfig::default();
        config.compilation.cache = Some(CacheConfig::File("/scratch/you".into()));
        let config = for_one_kind(config, Some(Path::new("/home/target")), "A 1");
        let kernels = config.compilation.cache.unwrap().root();
        assert_eq!(kernels, Path::new("/scratch/you/kernels/a-1"));
    }
}
