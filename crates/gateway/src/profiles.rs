//! The networks' folders, and the one policy set made from their access tables.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use renkei_access::{PolicySet, compile, read_table};
use renkei_profile::{Network, check_golden, load};

/// The file that makes a folder a network's.
const NETWORK_FILE: &str = "network.yaml";

/// What is wrong with the folders.
#[derive(Debug, thiserror::Error)]
pub enum ProfilesError {
    /// They cannot be read.
    #[error("{}: 読めません / cannot be read", .path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no network.
    #[error("{}: ネットワークがありません / there is no network here (a folder with {NETWORK_FILE})", .0.display())]
    Nothing(PathBuf),
    /// Mistakes, each with file and line.
    #[error("プロファイルに誤りがあります / the profiles are wrong{}", lines(.0))]
    Mistakes(Vec<String>),
}

fn lines(mistakes: &[String]) -> String {
    mistakes
        .iter()
        .map(|mistake| format!("\n  {mistake}"))
        .collect()
}

/// The folders of the networks, in the order of their names.
///
/// # Errors
/// When the folder of the folders cannot be read or holds no network.
pub fn folders(profiles_dir: &Path) -> Result<Vec<PathBuf>, ProfilesError> {
    let failed = |source| ProfilesError::Read {
        path: profiles_dir.to_owned(),
        source,
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(profiles_dir).map_err(failed)? {
        let folder = entry.map_err(failed)?.path();
        if folder.join(NETWORK_FILE).is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    if folders.is_empty() {
        return Err(ProfilesError::Nothing(profiles_dir.to_owned()));
    }
    Ok(folders)
}

/// Loads and checks every network. One whose golden cases do not hold both ways stays out.
///
/// # Errors
/// All mistakes of all networks.
pub fn networks(profiles_dir: &Path) -> Result<Vec<Network>, ProfilesError> {
    let mut networks = Vec::new();
    let mut mistakes = Vec::new();
    for folder in folders(profiles_dir)? {
        match load(&folder) {
            Ok(network) => {
                let golden = check_golden(&network, &folder);
                mistakes.extend(golden.err().iter().flat_map(|found| texts(found)));
                networks.push(network);
            }
            Err(found) => mistakes.extend(texts(&found)),
        }
    }
    if mistakes.is_empty() {
        Ok(networks)
    } else {
        Err(ProfilesError::Mistakes(mistakes))
    }
}

/// Compiles the networks' access tables into one policy set.
///
/// # Errors
/// All mistakes of all tables.
pub fn policy(networks: &[Network]) -> Result<PolicySet, ProfilesError> {
    let mut tables = Vec::new();
    let mut mistakes = Vec::new();
    for network in networks {
        let (file, text) = network.access_table();
        match read_table(file, text) {
            Ok(table) => tables.push(table),
            Err(found) => mistakes.extend(texts(&found)),
        }
    }
    if !mistakes.is_empty() {
        return Err(ProfilesError::Mistakes(mistakes));
    }
    compile(&tables).map_err(|error| ProfilesError::Mistakes(vec![error.to_string()]))
}

fn texts<E: Display>(mistakes: &[E]) -> Vec<String> {
    mistakes.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_with_a_network_file_are_networks() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("fhir")).unwrap();
        assert!(matches!(
            folders(root.path()),
            Err(ProfilesError::Nothing(_))
        ));
        for name in ["b", "a"] {
            std::fs::create_dir_all(root.path().join(name)).unwrap();
            std::fs::write(root.path().join(name).join(NETWORK_FILE), "").unwrap();
        }
        let found = folders(root.path()).unwrap();
        assert_eq!(found, [root.path().join("a"), root.path().join("b")]);
    }
}
