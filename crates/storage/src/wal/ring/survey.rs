//! Looking at the ring's files of a folder that nobody uses: all blocks of the named chains, and nothing is changed.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::files::{Files, Handle, parse};
use super::{FOLDER, scan};
use crate::disk::{ALIGNMENT, Access, Create, Disk, Open};
use crate::wal::{ChainEnd, Listed, Named, WalSeq, decide_end};

/// What there is.
pub(crate) struct Survey {
    /// All files with their lengths,
    pub(crate) files: Vec<(String, u64)>,
    /// and those of them that were being made.
    pub(crate) unfinished: Vec<String>,
    /// Places that cannot be read: file and position. Not all of them need hold a block.
    pub(crate) unreadable: Vec<(String, u64)>,
    /// What was found of each named chain, in the order in which they were named.
    pub(crate) chains: Vec<FoundChain>,
}

pub(crate) struct FoundChain {
    pub(crate) end: ChainEnd,
    pub(crate) blocks: Vec<FoundBlock>,
}

pub(crate) struct FoundBlock {
    pub(crate) seq: WalSeq,
    pub(crate) file: String,
    pub(crate) position: u64,
    pub(crate) whole: bool,
    /// As far as the file has them.
    pub(crate) bytes: Bytes,
}

/// Looks.
pub(crate) async fn survey(disk: Arc<dyn Disk>, named: &[Named]) -> io::Result<Survey> {
    let mut survey =
        Survey { files: Vec::new(), unfinished: Vec::new(), unreadable: Vec::new(), chains: Vec::new() };
    let mut files = Files::default();
    for name in disk.list(FOLDER).await? {
        let path = format!("{FOLDER}/{name}");
        let how = Open { access: Access::Buffered, create: Create::Existing };
        let file = disk.open(&path, how).await?;
        let length = file.len().await?;
        survey.files.push((path.clone(), length));
        match parse(&name) {
            Some((number, own)) => {
                files.add(number, own, Arc::new(Handle { name: path, length, reader: file.clone(), file }));
            }
            None => survey.unfinished.push(path),
        }
    }
    let found = scan::scan(&files, named).await;
    for (key, position) in &found.unreadable {
        let name = files.name_of(*key).unwrap_or_default();
        survey.unreadable.push((name, *position));
    }
    for named in named {
        let mut blocks: Vec<_> = found.blocks.iter().filter(|block| block.chain == named.chain).collect();
        blocks.sort_by_key(|block| block.listed.seq);
        let listed: Vec<Listed> = blocks.iter().map(|block| block.listed).collect();
        let mut chain = FoundChain { end: decide_end(*named, &listed), blocks: Vec::new() };
        if named.end.is_none() {
            chain.end.doubt = files.doubt(&found);
        }
        for block in blocks {
            let Some(handle) = files.handles().find(|(key, _)| *key == block.file).map(|(_, handle)| handle)
            else {
                continue;
            };
            let length = block.listed.length.min(handle.length - block.position);
            let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?];
            if handle.reader.read_exact_at(&mut bytes, block.position).await.is_err() {
                // zeros stand for what cannot be read: the rest says what is lost
                for (page, position) in bytes.chunks_mut(ALIGNMENT).zip((block.position..).step_by(ALIGNMENT))
                {
                    if handle.reader.read_exact_at(page, position).await.is_err() {
                        page.fill(0);
                    }
                }
            }
            chain.blocks.push(FoundBlock {
                seq: block.listed.seq,
                file: handle.name.clone(),
                position: block.position,
                whole: block.listed.whole,
                bytes: bytes.into(),
            });
        }
        survey.chains.push(chain);
    }
    Ok(survey)
}
