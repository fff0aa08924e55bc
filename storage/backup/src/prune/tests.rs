//! What is kept restores after a prune, and what only the others needed is gone.

use super::*;
use crate::{
    Access,
    testing::{ALICE, BOB, World},
    verify,
};
use engine::{Engine, sim::SimDisk};
use std::sync::Arc;

fn stored(world: &World) -> u64 {
    let packs = std::fs::read_dir(world.path().join("packs")).unwrap();
    packs.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

async fn sound(world: &World) {
    let repository = world.repository();
    for manifest in repository.manifests().unwrap() {
        let engine: Arc<dyn Engine> = SimDisk::new(3).engine();
        let verified = verify(repository.clone(), &manifest, &engine, world.env.clone()).await.unwrap();
        assert_eq!(verified.damage, Vec::<String>::new());
    }
}

fn pruned(world: &World, keep: Option<usize>, forget: &[String]) -> Result<Pruned> {
    let mut repository = Repository::open(world.path(), Access::Write).unwrap();
    prune(&mut repository, keep, forget)
}

#[tokio::test]
async fn what_only_old_backups_needed_goes() {
    let world = World::furnished().await;
    let first = world.backup(false).await;
    world.file(ALICE, "passing", &[5; 900_000]).await;
    let second = world.backup(false).await;
    world.remove_file(ALICE, "passing").await;
    world.store.purge_deleted(ALICE, model::Timestamp(i64::MAX)).await.unwrap();
    world.mail(BOB, "INBOX", &[77; 40_000]).await;
    world.backup(false).await;
    let before = stored(&world);
    assert_eq!(pruned(&world, Some(9), &[]).unwrap(), Pruned { kept_count: 3, ..Pruned::default() });
    assert_eq!(stored(&world), before);
    let done = pruned(&world, None, std::slice::from_ref(&second.name)).unwrap();
    assert_eq!((done.forgotten_count, done.kept_count), (1, 2));
    assert!(done.freed_bytes > 300_000, "{done:?}");
    sound(&world).await;
    assert_eq!(pruned(&world, None, std::slice::from_ref(&second.name)).err(), Some(Error::NotFound));
    let done = pruned(&world, Some(1), &[]).unwrap();
    assert_eq!((done.forgotten_count, done.kept_count), (1, 1));
    sound(&world).await;
    assert!(world.repository().manifests().unwrap().iter().all(|manifest| manifest.name != first.name));
    // And the next backup is incremental on what is left.
    assert_eq!(world.backup(false).await.changed_count, 0);
    sound(&world).await;
}
