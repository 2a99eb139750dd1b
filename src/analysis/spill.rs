//! Closed flows on their way from the pass to the join: in memory while they are few, in a temporary file after.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind};
use crate::limits;
use crate::record::Flow;

/// Flows in the order in which they were closed.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "flows come boxed: a kilobyte each need not be copied in and out")]
pub(super) struct Spill {
    folder: PathBuf,
    held: Vec<Box<Flow>>,
    file: Option<BufWriter<File>>,
    count: u64,
}

impl Spill {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), ..Self::default() }
    }

    /// Flows pushed.
    pub(super) const fn len(&self) -> u64 {
        self.count
    }

    pub(super) fn push(&mut self, flow: Box<Flow>) -> Result<(), Error> {
        self.count += 1;
        self.held.push(flow);
        if self.held.len() >= limits::FLOWS_HELD { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Error> {
        let failed = |source| Kind::io("write a temporary file in", &self.folder, source);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(BufWriter::new(tempfile::tempfile_in(&self.folder).map_err(failed)?)),
        };
        let mut bytes = Vec::new();
        for flow in self.held.drain(..) {
            bytes.clear();
            bytes = postcard::to_extend(&flow, bytes).map_err(|error| failed(std::io::Error::other(error)))?;
            let length = u32::try_from(bytes.len()).map_err(|error| failed(std::io::Error::other(error)))?;
            file.write_all(&length.to_le_bytes()).and_then(|()| file.write_all(&bytes)).map_err(failed)?;
        }
        Ok(())
    }

    /// Gives every flow back, in order.
    pub(super) fn for_each(mut self, mut take: impl FnMut(Box<Flow>) -> Result<(), Error>) -> Result<(), Error> {
        let folder = self.folder.clone();
        let failed = |source| Kind::io("read a temporary file in", &folder, source);
        if let Some(file) = self.file.take() {
            let mut file = file.into_inner().map_err(|error| failed(error.into_error()))?;
            file.rewind().map_err(failed)?;
            let mut reader = BufReader::with_capacity(limits::READ_BYTES, file);
            let mut bytes = Vec::new();
            for _ in 0..self.count.saturating_sub(self.held.len() as u64) {
                let mut length = [0; 4];
                reader.read_exact(&mut length).map_err(failed)?;
                bytes.resize(usize::try_from(u32::from_le_bytes(length)).unwrap_or_default(), 0);
                reader.read_exact(&mut bytes).map_err(failed)?;
                let flow: Flow = postcard::from_bytes(&bytes).map_err(|error| failed(std::io::Error::other(error)))?;
                take(Box::new(flow))?;
            }
        }
        self.held.into_iter().try_for_each(take)
    }
}
