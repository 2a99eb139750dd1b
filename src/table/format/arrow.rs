//! Arrow IPC file with the types every reader knows: no views, no compression.

use std::fs::File;
use std::io::BufWriter;

use polars::prelude::{CompatLevel, DataFrame, PolarsResult, Schema, SchemaExt as _};
use polars_arrow::io::ipc::write::default_ipc_fields;
use polars_io::SerWriter as _;
use polars_io::ipc::{BatchedWriter, IpcWriter};

use super::{Format, Output};

pub(super) const FORMAT: Format = Format {
    is_wanted: |formats| formats.arrow,
    path: |dir, table| dir.join(format!("{table}.arrow")),
    open: |file, schema| open(file, schema),
};

struct Arrow(BatchedWriter<BufWriter<File>>);

fn open(file: File, schema: &Schema) -> PolarsResult<Box<dyn Output>> {
    let fields = default_ipc_fields(schema.to_arrow(CompatLevel::oldest()).iter_values());
    let writer = IpcWriter::new(BufWriter::new(file)).with_compat_level(CompatLevel::oldest()).batched(schema, fields)?;
    Ok(Box::new(Arrow(writer)))
}

impl Output for Arrow {
    fn write(&mut self, frame: &DataFrame) -> PolarsResult<()> {
        self.0.write_batch(frame)
    }

    fn end(&mut self) -> PolarsResult<()> {
        self.0.finish()
    }
}
