//! Rows of any record type, gathered column by column into a dataframe.

use std::borrow::Cow;

use polars::prelude::{
    BooleanChunkedBuilder, ChunkedBuilder, Column as Series, DataFrame, DataType, Float64Type, Int64Type, IntoColumn, IntoSeries,
    ListBuilderTrait, ListStringChunkedBuilder, PolarsNumericType, PolarsResult, PrimitiveChunkedBuilder, Schema, StringChunkedBuilder,
    TimeUnit, TimeZone, UInt64Type,
};

use crate::record::{Column, Field, Get, Kind, Origin, Record};
use crate::time::Timestamp;

/// The dataframe schema of a table's documented columns.
#[must_use]
pub fn schema(fields: &[Field]) -> Schema {
    fields.iter().map(|field| polars::prelude::Field::new(field.name.into(), dtype(field.kind))).collect()
}

/// The Polars type of a documented type.
pub(super) fn dtype(kind: Kind) -> DataType {
    match kind {
        Kind::Number => DataType::UInt64,
        Kind::Real => DataType::Float64,
        Kind::Flag => DataType::Boolean,
        Kind::Text => DataType::String,
        Kind::Time => DataType::Datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)),
        Kind::List => DataType::List(Box::new(DataType::String)),
    }
}

/// Rows not yet written: one growing column per documented column.
pub(super) struct Rows<R: Record> {
    origin: Vec<Cells<Origin>>,
    own: Vec<Cells<R>>,
    /// Rows whose values are in no column yet.
    waiting: Vec<Box<R>>,
    height: usize,
    bytes: usize,
}

/// Rows that wait until their values are put into columns, one column after the other: a table has more columns than fit into the
/// nearest cache, and so many rows do. A row of `dns` may hold a megabyte.
const WAITING: usize = 16;

impl<R: Record> Rows<R> {
    pub(super) fn new() -> Self {
        let origin = if R::ORIGIN.is_some() { Origin::COLUMNS } else { &[] };
        let (origin, own) = (origin.iter().map(Cells::new).collect(), R::COLUMNS.iter().map(Cells::new).collect());
        Self { origin, own, waiting: Vec::with_capacity(WAITING), height: 0, bytes: 0 }
    }

    pub(super) fn push(&mut self, row: Box<R>) {
        self.waiting.push(row);
        self.height += 1;
        if self.waiting.len() >= WAITING {
            self.settle();
        }
    }

    fn settle(&mut self) {
        if let Some(origin) = R::ORIGIN {
            let rows = || self.waiting.iter().map(|row| origin(row));
            self.bytes += self.origin.iter_mut().map(|cells| cells.extend(rows())).sum::<usize>();
        }
        let rows = || self.waiting.iter().map(Box::as_ref);
        self.bytes += self.own.iter_mut().map(|cells| cells.extend(rows())).sum::<usize>();
        self.waiting.clear();
    }

    /// Rows gathered since the last [`Self::take`].
    pub(super) const fn height(&self) -> usize {
        self.height
    }

    /// Bytes of the text in them, but for those that came last.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The rows gathered so far; what follows starts the next frame.
    pub(super) fn take(&mut self) -> PolarsResult<DataFrame> {
        self.settle();
        let height = std::mem::take(&mut self.height);
        self.bytes = 0;
        let origin = self.origin.iter_mut().map(|cells| cells.take(height));
        let columns = origin.chain(self.own.iter_mut().map(|cells| cells.take(height))).collect();
        DataFrame::new(height, columns)
    }
}

/// One column being filled: where its values come from, and the values so far.
struct Cells<R: 'static> {
    name: &'static str,
    values: Values<R>,
}

enum Values<R: 'static> {
    Number(fn(&R) -> Option<u64>, PrimitiveChunkedBuilder<UInt64Type>),
    Real(fn(&R) -> Option<f64>, PrimitiveChunkedBuilder<Float64Type>),
    Flag(fn(&R) -> Option<bool>, BooleanChunkedBuilder),
    Text(fn(&R) -> Option<Cow<'_, str>>, StringChunkedBuilder),
    Time(fn(&R) -> Option<Timestamp>, PrimitiveChunkedBuilder<Int64Type>),
    List(fn(&R) -> Vec<Cow<'_, str>>, ListStringChunkedBuilder),
}

impl<R> Cells<R> {
    fn new(column: &Column<R>) -> Self {
        let name = column.field.name;
        let values = match column.get {
            Get::Number(get) => Values::Number(get, numbers(name, 0)),
            Get::Real(get) => Values::Real(get, numbers(name, 0)),
            Get::Flag(get) => Values::Flag(get, BooleanChunkedBuilder::new(name.into(), 0)),
            Get::Text(get) => Values::Text(get, StringChunkedBuilder::new(name.into(), 0)),
            Get::Time(get) => Values::Time(get, numbers(name, 0)),
            Get::List(get) => Values::List(get, lists(name, 0)),
        };
        Self { name, values }
    }

    /// Appends the rows' values; the answer is the bytes of text in them.
    fn extend<'a>(&mut self, rows: impl Iterator<Item = &'a R>) -> usize {
        let mut bytes = 0;
        match &mut self.values {
            Values::Number(get, builder) => rows.for_each(|row| builder.append_option(get(row))),
            Values::Real(get, builder) => rows.for_each(|row| builder.append_option(get(row))),
            Values::Flag(get, builder) => rows.for_each(|row| builder.append_option(get(row))),
            Values::Time(get, builder) => rows.for_each(|row| builder.append_option(get(row).map(Timestamp::nanos))),
            Values::Text(get, builder) => rows.for_each(|row| {
                let text = get(row);
                builder.append_option(text.as_deref());
                bytes += text.map_or(0, |text| text.len());
            }),
            Values::List(get, builder) => rows.for_each(|row| {
                let texts = get(row);
                builder.append_values_iter(texts.iter().map(Cow::as_ref));
                bytes += texts.iter().map(|text| text.len()).sum::<usize>();
            }),
        }
        bytes
    }

    /// The column so far; the next one is made as large as this one was.
    fn take(&mut self, height: usize) -> Series {
        let name = self.name;
        match &mut self.values {
            Values::Number(_, builder) => std::mem::replace(builder, numbers(name, height)).finish().into_column(),
            Values::Real(_, builder) => std::mem::replace(builder, numbers(name, height)).finish().into_column(),
            Values::Flag(_, builder) => std::mem::replace(builder, BooleanChunkedBuilder::new(name.into(), height)).finish().into_column(),
            Values::Text(_, builder) => std::mem::replace(builder, StringChunkedBuilder::new(name.into(), height)).finish().into_column(),
            Values::Time(_, builder) => std::mem::replace(builder, numbers(name, height))
                .finish()
                .into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC))
                .into_series()
                .into_column(),
            Values::List(_, builder) => std::mem::replace(builder, lists(name, height)).finish().into_series().into_column(),
        }
    }
}

fn numbers<T: PolarsNumericType>(name: &'static str, capacity: usize) -> PrimitiveChunkedBuilder<T> {
    PrimitiveChunkedBuilder::new(name.into(), capacity)
}

fn lists(name: &'static str, capacity: usize) -> ListStringChunkedBuilder {
    ListStringChunkedBuilder::new(name.into(), capacity, capacity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Anomaly, Capture, Certificate, Dns, Flow, Http, Ledger, Name, Quic, Tls, schema_of};
    use crate::table::samples;

    fn empty_has_documented_columns<R: Record>() {
        let frame = Rows::<R>::new().take().unwrap();
        assert_eq!(**frame.schema(), schema(&schema_of::<R>().fields), "{}", R::TABLE);
    }

    #[test]
    fn every_table_has_its_documented_columns() {
        empty_has_documented_columns::<Capture>();
        empty_has_documented_columns::<Ledger>();
        empty_has_documented_columns::<Flow>();
        empty_has_documented_columns::<Dns>();
        empty_has_documented_columns::<Tls>();
        empty_has_documented_columns::<Quic>();
        empty_has_documented_columns::<Http>();
        empty_has_documented_columns::<Certificate>();
        empty_has_documented_columns::<Name>();
        empty_has_documented_columns::<Anomaly>();
    }

    #[test]
    fn keeps_values_and_nulls() {
        let mut rows = Rows::new();
        rows.push(Box::new(samples::flow(1)));
        rows.push(Box::new(samples::bare_flow(2)));
        let frame = rows.take().unwrap();

        assert_eq!(frame.height(), 2);
        let names = frame.column("name").unwrap().str().unwrap();
        assert_eq!((names.get(0), names.get(1)), (Some("log.example"), None));
        let ports = frame.column("remote_port").unwrap().u64().unwrap();
        assert_eq!((ports.get(0), ports.get(1)), (Some(443), None));
        let first = frame.column("first").unwrap();
        assert_eq!(first.dtype(), &dtype(Kind::Time));
        assert_eq!(first.datetime().unwrap().physical().get(0), Some(1_000_000_000));
        assert_eq!(samples::texts(&frame, "quality", 0), ["gaps"]);
        assert!(samples::texts(&frame, "quality", 1).is_empty());
    }

    #[test]
    fn rows_that_wait_are_counted_and_kept_in_order() {
        let mut rows = Rows::new();
        let count = WAITING as u64 + 1;
        (1..=count).for_each(|number| rows.push(Box::new(samples::flow(number))));
        assert!(rows.bytes() > 0);
        assert_eq!(rows.height() as u64, count);
        let ids: Vec<_> = rows.take().unwrap().column("flow_id").unwrap().u64().unwrap().iter().flatten().collect();
        assert_eq!(ids, (1..=count).collect::<Vec<_>>());
    }

    #[test]
    fn a_taken_frame_leaves_nothing_behind() {
        let mut rows = Rows::new();
        rows.push(Box::new(samples::flow(1)));
        assert_eq!(rows.take().unwrap().height(), 1);
        rows.push(Box::new(samples::flow(2)));
        let second = rows.take().unwrap();
        assert_eq!(second.column("flow_id").unwrap().u64().unwrap().get(0), Some(2));
        assert_eq!((second.height(), rows.height(), rows.bytes()), (1, 0, 0));
    }

    #[test]
    fn origin_columns_come_first() {
        let mut rows = Rows::new();
        rows.push(Box::new(samples::dns()));
        let frame = rows.take().unwrap();
        assert_eq!(frame.column("frame").unwrap().u64().unwrap().get(0), Some(7));
        assert_eq!(frame.get_column_names().first().map(|name| name.as_str()), Some("capture"));
    }
}
