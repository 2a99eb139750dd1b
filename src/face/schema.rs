//! `whereto schema`: what every table and column means, as text, JSON, or the page docs/tables.md.

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use crate::error::{Error, Kind};
use crate::record::{Schema, schemas};

const EXAMPLES: &str = "Examples:
  whereto schema                 every table and column
  whereto schema flows           the columns of one table
  whereto schema --json          for a machine
  whereto schema --markdown      the page docs/tables.md";

const HEAD: &str = "# Tables

`whereto analyze -o DIR` writes every table as Parquet (zstd) to `DIR/<table>/part-0.parquet`, and on request also as
`DIR/<table>.csv`, `DIR/<table>.ndjson` and `DIR/<table>.arrow`. A table without rows is written too.

Times are UTC in nanoseconds; CSV and NDJSON show them as `2019-11-03T12:21:03.234722000Z`. Text that came from traffic is
escaped: a byte that cannot be shown is `\\xNN`, a character `\\u{NNNN}`, a backslash `\\\\`. In CSV the texts of a list are joined
with `;` (one inside a text is `\\x3b`), and a text that a spreadsheet would take for a formula starts with an apostrophe.

This page is the output of `whereto schema --markdown`.
";

/// Arguments of `whereto schema`.
#[derive(Args, Clone, Debug, Default)]
#[command(about = "Tables and columns: what they mean, their units, when they are empty", after_help = EXAMPLES)]
pub struct SchemaArgs {
    /// Table to show; without it, all of them
    #[arg(value_name = "TABLE")]
    pub table: Option<String>,
    /// Print a JSON array
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print Markdown
    #[arg(long)]
    pub markdown: bool,
}

/// Prints the documentation of one table or of all.
///
/// # Errors
///
/// There is no such table, or `out` cannot be written.
pub fn run(args: &SchemaArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let chosen = chosen(args.table.as_deref())?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &as_json(&chosen))?;
        writeln!(out)?;
    } else if args.markdown {
        if args.table.is_none() {
            writeln!(out, "{HEAD}")?;
        }
        write_markdown(&chosen, out)?;
    } else {
        write_text(&chosen, out)?;
    }
    Ok(())
}

fn chosen(table: Option<&str>) -> Result<Vec<Schema>, Error> {
    let all = schemas();
    let Some(table) = table else { return Ok(all) };
    let known = all.iter().map(|schema| schema.table).collect::<Vec<_>>().join(", ");
    match all.into_iter().find(|schema| schema.table == table) {
        Some(schema) => Ok(vec![schema]),
        None => Err(Kind::Usage(format!("no table {table:?}; there are {known}")).into()),
    }
}

fn as_json(schemas: &[Schema]) -> Value {
    let table = |schema: &Schema| {
        let columns: Vec<_> = schema
            .fields
            .iter()
            .map(|field| json!({"name": field.name, "type": field.kind.as_str(), "unit": field.unit, "about": field.about}))
            .collect();
        json!({"table": schema.table, "about": schema.about, "columns": columns})
    };
    schemas.iter().map(table).collect()
}

fn write_markdown(schemas: &[Schema], out: &mut dyn Write) -> io::Result<()> {
    for (place, schema) in schemas.iter().enumerate() {
        let gap = if place == 0 { "" } else { "\n" };
        writeln!(out, "{gap}## {}\n\nTable `{}`: {}.\n", schema.table, schema.table, in_cell(schema.about))?;
        writeln!(out, "| column | type | unit | meaning |\n|---|---|---|---|")?;
        for field in &schema.fields {
            writeln!(out, "| `{}` | {} | {} | {} |", field.name, field.kind.as_str(), field.unit, in_cell(field.about))?;
        }
    }
    Ok(())
}

fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn write_text(schemas: &[Schema], out: &mut dyn Write) -> io::Result<()> {
    for (place, schema) in schemas.iter().enumerate() {
        let gap = if place == 0 { "" } else { "\n" };
        writeln!(out, "{gap}{}: {}", schema.table, schema.about)?;
        let width = schema.fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
        for field in &schema.fields {
            let unit = if field.unit.is_empty() { String::new() } else { format!(" [{}]", field.unit) };
            writeln!(out, "  {:width$}  {:19}  {}{unit}", field.name, field.kind.as_str(), field.about)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(args: &SchemaArgs) -> String {
        let mut out = Vec::new();
        run(args, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_page_is_up_to_date() {
        let page = shown(&SchemaArgs { markdown: true, ..SchemaArgs::default() });
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tables.md");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == page, "docs/tables.md is out of date: cargo run -- schema --markdown > docs/tables.md");
    }

    #[test]
    fn one_table_in_every_form() {
        let summary = SchemaArgs { table: Some("summary".into()), ..SchemaArgs::default() };
        let text = shown(&summary);
        assert!(text.starts_with("summary: one row per "));
        assert!(text.contains("  ip_bytes_out"));
        assert!(text.contains("bytes transmitted [bytes]"));
        let json: Value = serde_json::from_str(&shown(&SchemaArgs { json: true, ..summary.clone() })).unwrap();
        assert_eq!(json[0]["columns"][0]["name"], "run");
        let markdown = shown(&SchemaArgs { markdown: true, ..summary });
        assert!(markdown.starts_with("## summary\n"), "{markdown}");
    }

    #[test]
    fn an_unknown_table_lists_the_known() {
        let error = run(&SchemaArgs { table: Some("flow".into()), ..SchemaArgs::default() }, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().starts_with("no table \"flow\"; there are captures, ledger, flows"), "{error}");
    }
}
