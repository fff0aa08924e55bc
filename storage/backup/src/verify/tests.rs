//! A sound repository has no damage; a flipped bit anywhere in any file has.

use super::*;
use crate::{
    Access,
    testing::{ALICE, World},
};
use engine::sim::SimDisk;
use std::path::PathBuf;

async fn verified(world: &World) -> Result<Verified> {
    let repository = Arc::new(Repository::open(world.path(), Access::Read)?);
    let manifest = repository.at(None)?;
    let engine: Arc<dyn Engine> = SimDisk::new(3).engine();
    verify(repository, &manifest, &engine, world.env.clone()).await
}

fn all_files(world: &World) -> Vec<PathBuf> {
    let folders = ["packs", "backups"].map(|folder| world.path().join(folder));
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.push(world.path().join("collegium-backup"));
    files
}

#[test]
fn damages_at_the_limit_and_one_past() {
    let mut verified = Verified::default();
    (0..=DAMAGE_COUNT_MAX).for_each(|number| verified.find(number.to_string()));
    assert_eq!(verified.damage.len(), DAMAGE_COUNT_MAX);
    assert_eq!(verified.damage.last(), Some(&(DAMAGE_COUNT_MAX - 1).to_string()));
}

#[tokio::test]
async fn a_sound_repository_restores() {
    let world = World::furnished().await;
    world.backup(false).await;
    world.file(ALICE, "more", &[3; 50_000]).await;
    world.backup(false).await;
    let verified = verified(&world).await.unwrap();
    assert_eq!(verified.damage, Vec::<String>::new());
    assert_eq!((verified.backup_count, verified.pack_count), (2, 2));
    assert!(verified.row_count > 50 && verified.object_count > 8, "{verified:?}");
}

#[tokio::test]
async fn a_flipped_bit_in_any_file_is_found() {
    let world = World::furnished().await;
    world.backup(false).await;
    world.file(ALICE, "more", &[3; 50_000]).await;
    world.backup(false).await;
    for path in all_files(&world) {
        let whole = std::fs::read(&path).unwrap();
        for part in 0..8 {
            let mut octets = whole.clone();
            let at = part * (whole.len() - 1) / 7;
            octets[at] ^= 1 << part;
            std::fs::write(&path, &octets).unwrap();
            let found = verified(&world).await.map_or(true, |verified| !verified.damage.is_empty());
            assert!(found, "octet {at} of {}", path.display());
        }
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(
            verified(&world).await.map_or(true, |verified| !verified.damage.is_empty()),
            "{}",
            path.display()
        );
        std::fs::remove_file(&path).unwrap();
        assert!(
            verified(&world).await.map_or(true, |verified| !verified.damage.is_empty())
                || path.parent().unwrap().ends_with("backups"),
            "{}",
            path.display()
        );
        std::fs::write(&path, &whole).unwrap();
    }
    assert!(verified(&world).await.unwrap().damage.is_empty());
}
