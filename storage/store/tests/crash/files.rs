//! What a client does to files.

use crate::{
    client::{Client, Did, next_number},
    history::{File, Folder},
};
use model::{CollectionId, Error};
use std::collections::BTreeMap;
use store::{Collection, NewObject};

impl Client {
    pub(crate) async fn put_file(&mut self) -> Did {
        let account = self.account();
        let (body, bytes) = self.body().await?;
        let hash = body.hash;
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.folder_of(&state), self.name());
        let folder = self.open(&writer, id).await?;
        let new = NewObject { body, content_type: "text/plain".to_owned(), modified: None, mark: 0 };
        let put = writer.put_file(&folder, &name, new).await;
        let old = state.folders[&id].files.get(&name).cloned();
        let before = old.as_ref().map_or(0, |old| old.bytes);
        let over = bytes > before && state.limit.is_some_and(|limit| state.used() - before + bytes > limit);
        let wrong = if state.child_folder(id, &name).is_some() {
            Some(Error::Exists)
        } else {
            over.then_some(Error::OverQuota)
        };
        let Some(row) = self.expect_or(put, wrong)? else { return Ok(()) };
        assert_eq!(row.hash, hash);
        let properties = old.map(|old| old.properties).unwrap_or_default();
        let folder = state.folders.get_mut(&id).unwrap();
        folder.files.insert(name, File { hash, bytes, properties });
        folder.modseq = writer.modseq();
        self.commit(writer, state).await
    }

    pub(crate) async fn remove_file(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.folder_of(&state), self.name());
        let folder = self.open(&writer, id).await?;
        let removed = writer.remove_file(&folder, &name).await;
        let missing = !state.folders[&id].files.contains_key(&name);
        if self.expect_or(removed, missing.then_some(Error::NotFound))?.is_none() {
            return Ok(());
        }
        let folder = state.folders.get_mut(&id).unwrap();
        folder.files.remove(&name);
        folder.modseq = writer.modseq();
        self.commit(writer, state).await
    }

    pub(crate) async fn move_file(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (from, to) = (self.folder_of(&state), self.folder_of(&state));
        let (name, new) = (self.name(), self.name());
        let (source, target) = (self.open(&writer, from).await?, self.open(&writer, to).await?);
        let moved = writer.move_file((&source, &name), (&target, &new)).await;
        let taken = state.folders[&to].files.contains_key(&new) || state.child_folder(to, &new).is_some();
        let missing = !state.folders[&from].files.contains_key(&name);
        let wrong = if taken { Some(Error::Exists) } else { missing.then_some(Error::NotFound) };
        if self.expect_or(moved, wrong)?.is_none() {
            return Ok(());
        }
        let source = state.folders.get_mut(&from).unwrap();
        let file = source.files.remove(&name).unwrap();
        source.modseq = writer.modseq();
        let target = state.folders.get_mut(&to).unwrap();
        target.files.insert(new, file);
        target.modseq = writer.modseq();
        self.commit(writer, state).await
    }

    pub(crate) async fn folder(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.folder_of(&state), self.name());
        let is_root = state.folders[&id].parent == CollectionId::ROOT;
        if is_root || self.dice.once_in(2) {
            let taken =
                state.folders[&id].files.contains_key(&name) || state.child_folder(id, &name).is_some();
            let created = writer.create_folder(id, &name, BTreeMap::new()).await;
            let Some(created) = self.expect_or(created, taken.then_some(Error::Exists))? else {
                return Ok(());
            };
            let modseq = writer.modseq();
            let folder = Folder { parent: id, name, modseq, files: BTreeMap::new() };
            state.folders.insert(created.id(), folder);
            state.folders.get_mut(&id).unwrap().modseq = modseq;
            next_number(&mut state, created.id());
            return self.commit(writer, state).await;
        }
        let folder = self.open(&writer, id).await?;
        let parent = state.folders[&id].parent;
        if self.dice.once_in(2) {
            let removed = writer.remove_tree(&folder).await;
            self.expect(removed)?;
            let inside: Vec<_> =
                state.folders.keys().copied().filter(|inner| state.is_inside(*inner, id)).collect();
            inside.iter().for_each(|inner| drop(state.folders.remove(inner)));
        } else {
            let to = self.folder_of(&state);
            let taken =
                state.folders[&to].files.contains_key(&name) || state.child_folder(to, &name).is_some();
            let moved = writer.move_tree(&folder, to, &name).await;
            let wrong =
                if state.is_inside(to, id) { Some(Error::Conflict) } else { taken.then_some(Error::Exists) };
            if self.expect_or(moved, wrong)?.is_none() {
                return Ok(());
            }
            let folder = state.folders.get_mut(&id).unwrap();
            (folder.parent, folder.name, folder.modseq) = (to, name, writer.modseq());
            state.folders.get_mut(&to).unwrap().modseq = writer.modseq();
        }
        state.folders.get_mut(&parent).unwrap().modseq = writer.modseq();
        self.commit(writer, state).await
    }

    pub(crate) async fn properties(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.folder_of(&state), self.name());
        let folder: Collection<store::Folder> = self.open(&writer, id).await?;
        let properties: BTreeMap<_, _> =
            (0..self.dice.below(3)).map(|n| (n.to_string(), self.dice.below(9).to_string())).collect();
        let set = writer.set_item_properties(&folder, &name, &properties).await;
        let missing = !state.folders[&id].files.contains_key(&name);
        if self.expect_or(set, missing.then_some(Error::NotFound))?.is_none() {
            return Ok(());
        }
        let folder = state.folders.get_mut(&id).unwrap();
        folder.files.get_mut(&name).unwrap().properties = properties;
        folder.modseq = writer.modseq();
        self.commit(writer, state).await
    }
}
