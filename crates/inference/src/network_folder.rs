//! The network of a model folder.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::ModelError;
use crate::ensemble::{ENSEMBLE_FILE, member_folders};
use crate::own_network::{OWN_NETWORK_FILE, needs_encoder};

/// The folder of the network of a model: `folder` itself or, if this is an ensemble, the folder of
/// its only member that is a network.
///
/// ```
/// use std::path::Path;
///
/// use dnabert_inference::network_folder;
///
/// # let models = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models"));
/// let promoter = models.join("promoter-fly"); // a network and a linear classifier
/// assert_eq!(network_folder(&promoter)?, promoter.join("network"));
/// let splice = models.join("splice-fly");
/// assert_eq!(network_folder(&splice)?, splice);
/// # Ok::<(), dnabert_inference::ModelError>(())
/// ```
///
/// # Errors
///
/// [`ModelError::Networks`] if an ensemble has no network, or more than one.
/// [`ModelError::OwnEncoder`] if its encoder is not this project's. [`ModelError`] naming the file
/// if the ensemble cannot be read.
pub fn network_folder(folder: &Path) -> Result<Cow<'_, Path>, ModelError> {
    if folder.join(OWN_NETWORK_FILE).exists() {
        return Err(needs_encoder(folder));
    }
    if !folder.join(ENSEMBLE_FILE).exists() {
        return Ok(folder.into());
    }
    let mut networks = Vec::new();
    collect(folder, &mut networks)?;
    match networks.pop() {
        Some(network) if networks.is_empty() => Ok(network.into()),
        last => {
            networks.extend(last);
            Err(ModelError::Networks { folder: folder.into(), networks })
        }
    }
}

fn collect(folder: &Path, networks: &mut Vec<PathBuf>) -> Result<(), ModelError> {
    for member in member_folders(folder)? {
        if member.join(ENSEMBLE_FILE).exists() {
            collect(&member, networks)?;
        } else if member.join("config.json").exists() {
            networks.push(member);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Combination;
    use crate::ensemble::write_description;

    fn ensemble(folder: &Path, members: &[&str]) {
        let members: Vec<(&str, f64)> = members.iter().map(|name| (*name, 1.0)).collect();
        write_description(folder, Combination::Mean, false, &members).unwrap();
        for (name, _) in members {
            std::fs::create_dir(folder.join(name)).unwrap();
        }
    }

    #[test]
    fn the_only_network_of_an_ensemble_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert_eq!(network_folder(folder).unwrap(), folder);
        ensemble(folder, &["ensemble", "linear"]);
        ensemble(&folder.join("ensemble"), &["network", "other"]);
        let network = folder.join("ensemble/network");
        let config = |folder: &Path| std::fs::write(folder.join("config.json"), "{}").unwrap();
        config(&network);
        assert_eq!(network_folder(folder).unwrap(), network);
        config(&folder.join("ensemble/other"));
        let error = network_folder(folder).unwrap_err().to_string();
        assert!(error.contains("other") && error.contains("2 networks"), "{error}");
    }
}
