//! Parquet, one row group per batch: what every table is written as.

use std::fs::File;
use std::io::BufWriter;

use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{DataFrame, PolarsResult, Schema};
use polars_io::parquet::write::{BatchedWriter, ParquetCompression, ParquetWriter, StatisticsOptions};

use super::{Format, Output};

/// zstd's fastest: tables are small beside their captures, and level 3 saves a tenth for twice the time.
/// Named here so that the same rows stay the same bytes.
const LEVEL: i32 = 1;

pub(super) const FORMAT: Format =
    Format { is_wanted: |_| true, path: |dir, table| dir.join(table).join("part-0.parquet"), open: |file, schema| open(file, schema) };

struct Parquet(BatchedWriter<BufWriter<File>>);

fn open(file: File, schema: &Schema) -> PolarsResult<Box<dyn Output>> {
    let writer = ParquetWriter::new(BufWriter::new(file))
        .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(LEVEL)?)))
        .with_statistics(StatisticsOptions::default());
    Ok(Box::new(Parquet(writer.batched(schema)?)))
}

impl Output for Parquet {
    fn write(&mut self, frame: &DataFrame) -> PolarsResult<()> {
        self.0.write_batch(frame)
    }

    fn end(&mut self) -> PolarsResult<()> {
        self.0.finish().map(drop)
    }
}
