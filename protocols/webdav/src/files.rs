//! The drives: `/dav/files/<account>/`, folders and files of any size and type.

mod media;

pub use media::content_type;

use crate::limits::FILE_BYTES_MAX;
use crate::tree::{Incoming, Prepared, Tree};
use crate::xml::Name;
use crate::{Plugin, Refusal, Reply};
use async_trait::async_trait;
use model::{CollectionId, CollectionKind, Rights, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Body, Folder, NewObject, ObjectRow, Writer};

/// The plug-in that serves files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files;

impl Plugin for Files {
    fn name(&self) -> &'static str {
        "webdav"
    }

    fn classes(&self) -> &'static [&'static str] {
        &[]
    }

    fn tree(&self) -> Option<Arc<dyn Tree>> {
        Some(Arc::new(Self))
    }
}

/// A file on its way in.
struct Arriving {
    content_type: String,
    modified: Option<Timestamp>,
}

#[async_trait]
impl Prepared for Arriving {
    async fn put(
        self: Box<Self>,
        writer: &mut Writer,
        collection: CollectionId,
        name: &str,
        body: Body,
    ) -> Reply<ObjectRow> {
        let folder = writer.open::<Folder>(collection, Rights::LOOKUP).await?;
        let new = NewObject { body, content_type: self.content_type, modified: self.modified, mark: 0 };
        Ok(writer.put_file(&folder, name, new).await?)
    }
}

#[async_trait]
impl Tree for Files {
    fn segment(&self) -> &'static str {
        "files"
    }

    fn kind(&self) -> CollectionKind {
        CollectionKind::Folder
    }

    fn resource_type(&self) -> &'static [Name] {
        const TYPE: &[Name] = &[Name::dav("collection")];
        TYPE
    }

    fn nested(&self) -> bool {
        true
    }

    fn streamed(&self) -> bool {
        true
    }

    fn body_bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn prepare(&self, incoming: &Incoming<'_>) -> Reply<Box<dyn Prepared>> {
        let content_type = media::content_type(incoming.name, incoming.content_type);
        Ok(Box::new(Arriving { content_type, modified: incoming.modified }))
    }

    async fn remove(&self, writer: &mut Writer, collection: CollectionId, name: &str) -> Reply<()> {
        let folder = writer.open::<Folder>(collection, Rights::DELETE).await?;
        Ok(writer.remove_file(&folder, name).await?)
    }

    async fn rename(
        &self,
        writer: &mut Writer,
        from: (CollectionId, &str),
        to: (CollectionId, &str),
    ) -> Reply<()> {
        let source = writer.open::<Folder>(from.0, Rights::DELETE).await?;
        let target = writer.open::<Folder>(to.0, Rights::INSERT).await?;
        writer.move_file((&source, from.1), (&target, to.1)).await.map(drop).map_err(Refusal::from)
    }

    async fn create(
        &self,
        writer: &mut Writer,
        parent: CollectionId,
        name: &str,
        properties: BTreeMap<String, String>,
    ) -> Reply<CollectionId> {
        Ok(writer.create_folder(parent, name, properties).await?.id())
    }
}
